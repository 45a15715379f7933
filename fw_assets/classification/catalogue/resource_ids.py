"""Resource ids: names of what the workflow creates, derived from the content alone, so that equal content is created
once, whatever the dataset is called and whoever runs.

A platform id has 1-63 characters of `a-z0-9-`, starts with a letter and does not end with a hyphen.
"""

from __future__ import annotations

import re
from typing import Any

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.values import digest

PREFIX = "fwa"
MAX_LENGTH = 63
DIGEST_LENGTH = 12
_MADE_HERE = re.compile(rf"(?:.*/)?{PREFIX}-(?:[a-z0-9-]+-)?([0-9a-f]{{{DIGEST_LENGTH}}})")


def resource_id(subject: str, content: Any) -> str:
    """`fwa-<slug>-<digest>`: a readable slug of `subject`, cut to fit, and 12 hex digits of `content`."""
    suffix = digest(content, DIGEST_LENGTH)
    room = MAX_LENGTH - len(PREFIX) - len(suffix) - 2
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:room].strip("-")
    return "-".join(part for part in (PREFIX, slug, suffix) if part)


def successor_id(id: str, ending: str) -> str:
    """The id of the next attempt at what ended under `id` without its result, in the state `ending`."""
    match = _MADE_HERE.fullmatch(id)
    subject = id[: match.start(1)].removeprefix(f"{PREFIX}-") if match else id
    return resource_id(subject, ["successor", id, ending])


def made_here(name: str) -> bool:
    """Whether an id or resource name has the form of those that this program gives."""
    return _MADE_HERE.fullmatch(name) is not None


def same_content(one: str, other: str) -> bool:
    """Whether two ids or resource names are of one content: made here, with one digest under whatever slug."""
    digests = [match and match[1] for match in map(_MADE_HERE.fullmatch, (one, other))]
    return digests[0] is not None and digests[0] == digests[1]


def dataset_id(subject: str, rows_digest: str) -> str:
    """The id of an uploaded dataset; `rows_digest` covers its rows in their order."""
    return resource_id(f"{subject}-rows", ["dataset", rows_digest])


def job_id(
    model: str, cell: Cell, rows_digest: str, seed: int, start: str | None = None, thresholds: str | None = None
) -> str:
    """The id of a fine-tuning job, and of the model that it produces.

    A sweep job and a full-data job on the same rows have the same id, so that the second adopts the first.

    Args:
        start: the adapter that it continues.
        thresholds: how it fits thresholds of label sets; None as by default.
    """
    content = ["job", model, cell.model_dump(), rows_digest, seed, *([start] if start else [])]
    if thresholds:
        content.append(["thresholds", thresholds])
    return resource_id(f"{model.rsplit('/', 1)[-1]}-{cell.name}", content)


def batch_id(model: str, content: Any) -> str:
    """The id of a batch inference job; its input and output datasets have ids of the same form."""
    identity, subject = _identity(model)
    return resource_id(f"batch-{subject}", ["batch", identity, content])


def deployment_id(model: str) -> str:
    """The id of a deployment of a model."""
    identity, subject = _identity(model)
    return resource_id(subject, ["deployment", identity])


def _identity(model: str) -> tuple[str, str]:
    """(identity, readable name) of a model; our own models are identified by their id, others by their full name."""
    short = model.rsplit("/", 1)[-1]
    return (short if _MADE_HERE.fullmatch(short) else model), short.removeprefix(f"{PREFIX}-")
