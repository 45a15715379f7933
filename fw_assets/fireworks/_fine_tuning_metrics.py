"""A fine-tuning job's metrics file."""

from __future__ import annotations

import json
import math
from typing import Any

from ._errors import ApiError
from ._fine_tuning import FINE_TUNING_JOBS, FineTuningJob
from ._http import HttpClient


async def fine_tuning_metrics(http: HttpClient, account: str, job: FineTuningJob) -> list[dict[str, float]]:
    """The records of a job's metrics file, numbers only; empty before the first is written."""
    for renewed in (False, True):
        if renewed:
            job = await FINE_TUNING_JOBS.get(http, account, job.name)
        if not job.metrics_file_signed_url:
            continue
        try:
            content = await http.signed_urls.read(job.metrics_file_signed_url)
        except ApiError as error:
            # The URL has expired, or nothing is written yet: a renewed URL tells which.
            if error.status not in (400, 401, 403, 404, 410):
                raise
        else:
            return _records(content.decode("utf-8", "replace"))
    return []


def _records(text: str) -> list[dict[str, float]]:
    records = []
    for line in text.splitlines():
        # A line that a crash cut off goes on with the first record after the restart.
        whole = (line, line[start:]) if (start := line.rfind('{"step"')) > 0 else (line,)
        item = next(filter(None, map(_decoded, whole)), None)
        if item is not None:
            nested = item.pop("data", None)
            flat = {**item, **nested} if isinstance(nested, dict) else item
            records.append({key: float(value) for key, value in flat.items() if _is_figure(value)})
    return records


def _decoded(line: str) -> dict[str, Any] | None:
    """The JSON object of a line; None for a line that is being written, or that no platform writes."""
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict) else None


def _is_figure(value: Any) -> bool:
    """Whether it is a finite number; JSON's integers may be larger than any float."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
