"""The ids of what the workflow creates: made from the content, so that the same content has the same name.

A platform id has 1-63 characters of `a-z0-9-`, starts with a letter and does not end with a hyphen.
"""

from __future__ import annotations

import re
from typing import Any

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.values import digest

PREFIX = "fwa"
MAX_LENGTH = 63
ID_PATTERN = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"


def resource_id(subject: str, content: Any) -> str:
    """`fwa-<slug>-<digest>`: a readable slug of `subject`, cut to fit, and 12 hex digits of `content`."""
    ending = digest(content)
    room = MAX_LENGTH - len(PREFIX) - len(ending) - 2
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:room].strip("-")
    return "-".join(part for part in (PREFIX, slug, ending) if part)


def dataset_id(dataset: str, rows_digest: str) -> str:
    """A dataset of training or evaluation rows; `rows_digest` covers the uploaded rows in their order."""
    return resource_id(f"{dataset}-rows", ["dataset", rows_digest])


def job_id(model: str, cell: Cell, rows_digest: str, seed: int) -> str:
    """A fine-tuning job, and the model it makes.

    A sweep job and a full-data job over the same rows are one job: the second adopts the first.
    """
    content = ["job", model, cell.model_dump(), rows_digest, seed]
    return resource_id(f"{model.rsplit('/', 1)[-1]}-{cell.name}", content)


def batch_id(model: str, content: Any) -> str:
    """A batch inference job over `content`; its input and output datasets have ids of the same form."""
    short = model.rsplit("/", 1)[-1]
    made_here = short.startswith(f"{PREFIX}-")
    subject = f"batch-{short.removeprefix(f'{PREFIX}-')}"
    return resource_id(subject, ["batch", short if made_here else model, content])


def deployment_id(model: str) -> str:
    """A deployment of a model: one made here by its id, another by its full name."""
    short = model.rsplit("/", 1)[-1]
    made_here = short.startswith(f"{PREFIX}-")
    return resource_id(short.removeprefix(f"{PREFIX}-"), ["deployment", short if made_here else model])
