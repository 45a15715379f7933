"""How a plan's files were understood: formats, columns, rows left out, parts by name, files passed over."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

from fw_assets.classification.dataset.read_result import FileFacts
from fw_assets.classification.dataset.row_errors import LEFT_OUT
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import listing, plural

_MAX_NAMED = 5


def sentence(plan: Plan) -> str:
    """All that differs from one file of chat JSONL that is read as a whole; empty where nothing does."""
    files = plan.inspected.files
    sentences = []
    for read_as in dict.fromkeys(file.read_as for file in files):
        group = [file for file in files if file.read_as == read_as]
        left_out = _left_out(group)
        if read_as or left_out:
            named = _name(group[0]) if len(group) == 1 else plural(len(group), "file")
            read = f"{named} read as {read_as or 'chat JSONL'}"
            sentences.append(f"{read}, {left_out}." if left_out else f"{read}.")
    if any(file.part != "train" for file in files):
        parts = {part: [_name(file) for file in files if file.part == part] for part in ("train", "validation", "test")}
        roles = [f"{listing(names, _MAX_NAMED)} {_ROLES[part]}" for part, names in parts.items() if names]
        sentences.append(f"By their names {listing(roles)}.")
    if plan.inspected.passed_over:
        sentences.append(f"Passed over: {listing(plan.inspected.passed_over, _MAX_NAMED)}.")
    return " ".join(sentences)


_ROLES = {"train": "for training", "validation": "for validation", "test": "as test rows"}


def _left_out(files: list[FileFacts]) -> str:
    counts: Counter[str] = Counter()
    for file in files:
        counts.update(dict(file.left_out))
    return ", ".join(f"{plural(count, 'row')} left out: {LEFT_OUT.get(kind, kind)}" for kind, count in counts.items())


def _name(file: FileFacts) -> str:
    return PurePath(file.path_name).name
