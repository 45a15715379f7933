"""A fine-tuning job's metrics file."""

from __future__ import annotations

import json

from ._errors import ApiError
from ._http import Wire
from ._jobs import FineTuningJob, get_job


async def job_metrics(wire: Wire, account: str, job: FineTuningJob | str) -> list[dict[str, float]]:
    """The records of a job's metrics file, numbers only; empty before the first is written."""
    known = job if isinstance(job, FineTuningJob) else await get_job(wire, account, job)
    for fresh in (False, True):
        if fresh:
            known = await get_job(wire, account, known.name)
        if not known.metrics_file_signed_url:
            continue
        try:
            return _records((await wire.signed.read(known.metrics_file_signed_url)).decode("utf-8", "replace"))
        except ApiError as error:
            # The URL has expired, or nothing is written yet: a fresh URL tells which.
            if error.status not in (400, 401, 403, 404, 410):
                raise
    return []


def _records(text: str) -> list[dict[str, float]]:
    records = []
    for line in text.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue  # the last line of a file that is being written
        if isinstance(item, dict):
            nested = item.pop("data", None)
            flat = {**item, **nested} if isinstance(nested, dict) else item
            records.append(
                {
                    key: float(value)
                    for key, value in flat.items()
                    if isinstance(value, int | float) and not isinstance(value, bool)
                }
            )
    return records
