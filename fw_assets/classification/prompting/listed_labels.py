"""Labels in the rows' own turns: the list in their system messages, and the answers before the last one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from fw_assets.classification.dataset.chat import content_text, input_turns, read_turns
from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.labels.aliases import LabelLookup
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.label_finder import label_finder
from fw_assets.classification.prompting.normalize import strictness_for

MAX_UNLISTED_SHARE = 0.05
"""Rows whose label the list lacks; where there are more, the list is no list of the labels."""
MIN_LISTED = 2
MAX_LINES = 5


def check_listed(systems: Iterable[str], split: pl.DataFrame, labels: LabelSet, inspected: InspectedDataset) -> None:
    """Refuse to put a second list behind that of the rows' system messages for the sake of few rows.

    Args:
        systems: the system messages of a sample of the rows, empty where a row has none.
        split: rows with their labels; `source`, `row` and `labels` are read.

    Raises:
        InputError: names the labels that are not in the list, with their rows, and the ways out.
    """
    unlisted = _unlisted(systems, labels.labels)
    if labels.given or not unlisted:
        return
    having = split.filter(pl.col("labels").list.eval(pl.element().is_in(list(unlisted))).list.any())
    if not 0 < having.height <= MAX_UNLISTED_SHARE * split.height:
        return
    listed = [label for label in labels.labels if label not in unlisted]
    problems = []
    for source, row, row_labels in having.head(MAX_LINES).select("source", "row", "labels").iter_rows():
        file, line = location(inspected.files, row, source)
        label = next(name for name in row_labels if name in unlisted)
        message = f"found the label {label!r}, where the rows' own system message lists {', '.join(listed)}"
        problems.append(Problem(kind="unlisted-label", file=file, line=line, message=message))
    raise InputError(
        problems,
        advice=(
            f"Correct {'this row' if having.height == 1 else 'these rows'}; or leave such rows out with `labels: "
            f"{listed}` and `bad_rows: quarantine`; or keep the label with `labels: {list(labels.labels)}`, for which "
            "a second list is put behind the first in every request. Nothing was started."
        ),
        counts={"unlisted-label": having.height},
    )


def earlier_labels(conversations: Iterable[str], labels: Sequence[str]) -> int:
    """The number of assistant turns before the last answer that are a label.

    Args:
        conversations: messages of rows (a JSON array each).
    """
    lookup, known = LabelLookup(labels), dict[str, bool]()
    number = 0
    for messages in conversations:
        for turn in input_turns(read_turns(messages)):
            if turn.get("role") != "assistant":
                continue
            text = content_text(turn.get("content")).strip()
            if text not in known:
                known[text] = bool(text) and lookup.find(text) is not None
            number += known[text]
    return number


def _unlisted(systems: Iterable[str], labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that no system message names, where all of them name the same ones of the others."""
    finder = label_finder(tuple(labels), strictness_for(labels))
    named = {finder.positions(text) for text in set(systems)}
    if len(named) != 1 or len(next(iter(named))) < MIN_LISTED:
        return ()
    (positions,) = named
    return tuple(label for position, label in enumerate(labels) if position not in positions)
