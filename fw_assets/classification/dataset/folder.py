"""Folder of dataset files: which of them are data, of which part, and what is passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fw_assets.classification.errors import InputError, Problem

Part = Literal["train", "validation", "test"]

FAMILIES = {
    "JSON": ("jsonl", "ndjson", "json"),
    "CSV": ("csv", "tsv", "tab"),
    "Parquet": ("parquet", "pq"),
    "Arrow": ("arrow", "feather", "ipc"),
    "spreadsheets": ("xlsx", "xlsm", "xlsb", "xls", "ods"),
    "ZIP": ("zip",),
}
"""Suffixes of data files by format, without the `.gz` or `.zst` that may follow."""
METADATA = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""What Hugging Face's datasets keeps beside the data."""
MAX_FILES = 10_000
MAX_DEPTH = 6

_SUFFIX = re.compile(rf"\.({'|'.join(suffix for group in FAMILIES.values() for suffix in group)})(\.gz|\.zst)?$", re.I)
_PARTS: dict[Part, str] = {
    "train": "train|training",
    "validation": "valid|validation|val|dev",
    "test": "test|testing|eval|evaluation",
}
"""Words of a file's or folder's name, as Hugging Face's datasets takes them."""


@dataclass(frozen=True)
class Listing:
    """The files of a dataset.

    Attributes:
        files: by name.
        parts: of `files`; all "train" where their names do not say otherwise.
        passed_over: names of the other files, as far as a person would want to know.
    """

    files: tuple[Path, ...]
    parts: tuple[Part, ...]
    passed_over: tuple[str, ...] = ()

    def of_parts(self, *parts: Part) -> Listing:
        """The files of some parts alone."""
        kept = [(file, part) for file, part in zip(self.files, self.parts, strict=True) if part in parts]
        return Listing(tuple(file for file, _ in kept), tuple(part for _, part in kept))


def is_data(name: str) -> bool:
    """Whether a file of that name may hold rows."""
    return _SUFFIX.search(name) is not None


def stem(name: str) -> str:
    """A name without the suffix of a data file."""
    return _SUFFIX.sub("", name)


def family(name: str) -> str:
    """The format of a data file by its suffix, a key of `FAMILIES`."""
    match = _SUFFIX.search(name)
    return next(key for key, suffixes in FAMILIES.items() if match and match[1].lower() in suffixes)


def list_folder(folder: Path) -> Listing:
    """The data files in a folder and in the folders within, hidden ones apart.

    Raises:
        InputError: none is there, several formats are, or a link leads nowhere.
        OSError: the folder cannot be read.
    """
    names = sorted(_walk(folder, folder, 0))
    data = choose(names, str(folder))
    broken = [name for name in data if not (folder / name).exists()]
    if broken:
        problems = [
            Problem(kind="missing-file", file=str(folder / name), message="is a link that leads nowhere")
            for name in broken
        ]
        raise InputError(problems, advice="Mend or remove the link; nothing was started.")
    passed_over = [name for name in names if name not in data and Path(name).name not in METADATA]
    return Listing(tuple(folder / name for name in data), parts(data), tuple(passed_over))


def choose(names: Iterable[str], folder: str) -> tuple[str, ...]:
    """Of the names of a folder's files, those that are read: JSONL where there is any, else those of the one format.

    Raises:
        InputError: there is none, or there are several formats and no JSONL.
    """
    data = [name for name in names if is_data(name) and name.rsplit("/", 1)[-1] not in METADATA]
    by_family: dict[str, list[str]] = {}
    for name in data:
        by_family.setdefault(family(name), []).append(name)
    if not data:
        suffixes = ", ".join(f".{suffix}" for group in FAMILIES.values() for suffix in group[:2])
        problem = Problem(kind="missing-file", file=folder, message=f"the folder holds no file ending in {suffixes}")
        raise InputError([problem], advice="Correct the path or the file and run again.")
    lines = [name for name in by_family.get("JSON", []) if not name.lower().endswith(".json")]
    if lines or len(by_family) == 1:
        return tuple(lines or data)
    readings = " or ".join(f"{group[0]} ({key}, {len(group)})" for key, group in by_family.items())
    problem = Problem(
        kind="several-formats",
        file=folder,
        message=f"the folder can be read as {readings}: the same rows may be in it twice",
    )
    raise InputError([problem], advice="Give the file itself, or a folder with files of one format.")


def parts(names: Iterable[str]) -> tuple[Part, ...]:
    """The part of each file by the words of its name; all are for training unless some are and some are not."""
    found = [part_of(name) for name in names]
    if "test" not in found and "validation" not in found:
        return tuple("train" for _ in found)
    if not any(part in ("train", None) for part in found):
        return tuple("train" for _ in found)
    return tuple(part or "train" for part in found)


def part_of(name: str) -> Part | None:
    """The part that a file's or sheet's name says, by the last word that says one."""
    words = re.split(r"[^a-z]+", stem(name.lower()))
    for word in reversed(words):
        for part, forms in _PARTS.items():
            if re.fullmatch(forms, word):
                return part
    return None


def _walk(root: Path, folder: Path, depth: int) -> list[str]:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_dir(follow_symlinks=depth == 0):
                if depth < MAX_DEPTH and len(names) < MAX_FILES:
                    names += _walk(root, Path(entry.path), depth + 1)
            else:
                names.append(Path(entry.path).relative_to(root).as_posix())
    return names
