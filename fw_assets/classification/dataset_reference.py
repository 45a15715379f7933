"""References to datasets and the names that datasets have: folder, partition key and word of the command line in one.

A name is a slug: letters and digits of any script, NFKC and case-folded, and single hyphens between them; one that a
person gives may have underscores there. So it means the same on every file system, and needs no quoting in a shell, a
URL or Dagster's partition keys.
"""

from __future__ import annotations

import re
import unicodedata

from fw_assets.classification.dataset_url import without_credentials
from fw_assets.classification.errors import input_error
from fw_assets.classification.values import digest

MAX_DATASET_NAME = 48
"""Characters of a dataset's name: at most 192 bytes in UTF-8, of the 255 that file systems take."""
RESERVED_NAMES = frozenset({"staged", "inbox"})
"""Folders of the workspace that hold something else."""
_SUFFIX = re.compile(
    r"\.(jsonl?|ndjson|csv|tsv|tab|parquet|pq|arrow|feather|ipc|xls[xmb]?|ods|zip|db|sqlite3?)(\.(gz|zst))?$",
    re.IGNORECASE,
)
_GENERIC_STEMS = {"train", "test", "data", "dataset"}


def is_url(reference: str) -> bool:
    """Whether a reference is an fsspec URL, which may name several file systems (`simplecache::s3://`), and no path."""
    return re.match(r"([a-z][\w+.-]*::)*[a-z][\w+.-]*://", reference, re.IGNORECASE) is not None


def is_remote(dataset: str) -> bool:
    """Whether a dataset reference is a platform dataset or a URL rather than a local file."""
    return is_url(dataset) or re.fullmatch(r"accounts/[^/]+/datasets/[^/]+", dataset) is not None


def dataset_name(reference: str) -> str:
    """The name of a dataset after its file or resource, which keeps other scripts apart."""
    stem = _stem(reference)
    name = _slug(stem) or f"dataset-{digest(stem, 6)}"
    return f"{name}-dataset" if name in RESERVED_NAMES else name


def former_dataset_name(reference: str) -> str:
    """The name that versions before 0.2 gave: of other letters than a to z nothing was left."""
    return re.sub(r"[^a-z0-9]+", "-", _stem(reference).lower()).strip("-")[:MAX_DATASET_NAME].strip("-") or "dataset"


def check_dataset_name(name: str) -> None:
    """Refuse what cannot be the name of a new dataset.

    Raises:
        InputError: it is not a slug, or reserved; the message suggests the nearest that can be.
    """
    if not name or name.replace("_", "-") != _slug(name) or name in RESERVED_NAMES:
        shown = name if len(name) <= MAX_DATASET_NAME else f"{name[:MAX_DATASET_NAME]}..."
        raise input_error(
            f"{shown!r} cannot be the name of a dataset, which is 1 to {MAX_DATASET_NAME} small letters and digits "
            f"with single hyphens or underscores between them, and not {' or '.join(sorted(RESERVED_NAMES))}",
            field="name",
            advice=f"For example: {dataset_name(name)}",
        )


def _stem(reference: str) -> str:
    """The name of the file or resource without its suffix; of a name that says nothing, with its folder's."""
    reference = without_credentials(reference).rstrip("/")
    stem = _SUFFIX.sub("", reference.rsplit("/", 1)[-1])
    if stem.lower() in _GENERIC_STEMS and "/" in reference:
        stem = f"{reference.rsplit('/', 2)[-2]}-{stem}"
    return stem


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    letters = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in folded)
    return re.sub("-+", "-", letters).strip("-")[:MAX_DATASET_NAME].strip("-")
