"""Label inference: the label set that the spellings in the rows make, and the texts about which a person is asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.errors import InputError, Problem, Reading
from fw_assets.classification.labels.aliases import LabelLookup, infer_labels
from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.extraction_rules import find_labels
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.written_findings import named_rows, quoted
from fw_assets.classification.session import Session
from fw_assets.classification.spelling.label_lists import find_lists, pieces
from fw_assets.classification.spelling.label_text import spelling_key

MAX_NAMED = 8
MIN_CLASS_ROWS = 3
MIN_CLASS_SHARE = 0.01
"""A text that so many rows and so large a share of them have is a label of its own, and no explanation."""
MIN_LABELS_GIVEN = 2


class LabelSpellings(NamedTuple):
    """The labels of a dataset with all their spellings.

    Attributes:
        counts: rows of each spelling, as the rows have it.
        lists: the spellings that are lists, with their labels.
        doubtful: spellings of which it cannot be told whether they are lists.
    """

    lookup: LabelLookup
    counts: dict[str, int]
    lists: dict[str, tuple[str, ...]]
    doubtful: tuple[str, ...] = ()


def label_spellings(extracted: pl.Series, extraction: Extraction, session: Session) -> LabelSpellings:
    """The label set of the extracted spellings: the session's, or else that of the rows.

    A rule that the session forces reads a text that is no clear list as one label; `whole_message` reads every text so.
    """
    counts = count_labels(extracted.rename("labels").to_frame())
    if session.labels:
        lookup = LabelLookup(session.labels)
        return LabelSpellings(lookup, counts, _lists(counts, lookup))
    labels = infer_labels(counts)
    if extraction.forced and extraction.rule == "whole_message":
        return LabelSpellings(LabelLookup(labels), counts, {})
    found = find_lists(labels, spelling_key)
    singles = {*labels, *(label for parts in found.read.values() for label in parts)}.difference(found.read)
    lookup = LabelLookup(tuple(sorted(singles)))
    return LabelSpellings(lookup, counts, _lists(counts, lookup), () if extraction.forced else found.doubtful)


def _lists(spellings: Iterable[str], lookup: LabelLookup) -> dict[str, tuple[str, ...]]:
    unknown = [text for text in spellings if not lookup.find(text)]
    return {text: labels for text in unknown if (labels := lookup.find_all(text)) is not None}


def check_lists(spellings: LabelSpellings, inspected: InspectedDataset) -> None:
    """Refuse to guess whether texts such as "a, b" are one label or several.

    Raises:
        InputError: names the texts with their rows, and both ways to settle it.
    """
    if not spellings.doubtful:
        return
    rows = {label: _rows(spellings, label) for label in spellings.doubtful}
    shown = sorted(rows, key=lambda label: (-rows[label], label))
    named = {part for label in shown for part in pieces(label)} | set(spellings.lookup.labels)
    parts = sorted(named.difference(shown))
    single = list(parts) if len(parts) >= MIN_LABELS_GIVEN else ["...", "..."]
    message = (
        f"it cannot be told whether {named_rows([(label, rows[label]) for label in shown], MAX_NAMED)} "
        f"{'is one label' if len(shown) == 1 else 'are one label each'} or several"
    )
    advice = (
        f"If several, name the single ones: `labels: [{', '.join(map(quoted, single[:MAX_NAMED]))}"
        f"{', ...' if len(single) > MAX_NAMED else ''}]`. If one, name these among `labels`, or read the answers by "
        f"`extraction: {_as_one(inspected.extraction)}`, which takes each text as one label. Nothing was started."
    )
    readings = [Reading("one label each", "extraction", _as_one(inspected.extraction))]
    if len(parts) >= MIN_LABELS_GIVEN:
        readings.insert(0, Reading(f"several labels, of {', '.join(map(quoted, parts))}", "labels", tuple(parts)))
    problem = Problem(kind="labels", file=inspected.files[0].path_name, message=message)
    raise InputError([problem], advice=advice, readings=readings)


def check_cut(frame: pl.DataFrame, inspected: InspectedDataset) -> None:
    """Refuse a rule that was chosen from the data and cuts the same label out of answers that are labels themselves.

    Raises:
        InputError: names the answers that would become one label.
    """
    extraction = inspected.extraction
    if extraction.forced or extraction.rule not in ("first_word", "last_line"):
        return
    answers = frame.filter(pl.col("ground_truth").is_null(), pl.col("answer").is_not_null())
    merged = merged_answers(answers["answer"], extraction)
    least = max(MIN_CLASS_ROWS, MIN_CLASS_SHARE * answers.height)
    for label, texts in merged.items():
        classes = [(text, rows) for text, rows in texts if rows >= least]
        if len(classes) > 1:
            message = (
                f"the rule {extraction.name} would read {named_rows(classes, MAX_NAMED)} as one label, {quoted(label)}"
            )
            advice = (
                "Name the labels (`labels`), say where they are (`extraction: whole_message` takes the whole answer, "
                f"`extraction: {extraction.name}` insists on this rule), or give each row a `ground_truth`. "
                "Nothing was started."
            )
            problem = Problem(kind="labels", file=inspected.files[0].path_name, message=message)
            readings = [
                Reading("the whole answer is the label", "extraction", "whole_message"),
                Reading(f"the rule {extraction.name}: they are one label", "extraction", extraction.name),
            ]
            raise InputError([problem], advice=advice, readings=readings)


def merged_answers(answers: pl.Series, extraction: Extraction) -> dict[str, list[tuple[str, int]]]:
    """The answers that each label is cut out of, most frequent first, by the key that all spellings of one share."""
    counts: dict[str, dict[str, tuple[str, int]]] = {}
    for answer, rows in answers.value_counts().iter_rows():
        for label in find_labels(answer, extraction.rule, extraction.key) or ():
            texts = counts.setdefault(spelling_key(label), {})
            first, before = texts.get(spelling_key(answer), (answer, 0))
            texts[spelling_key(answer)] = first, before + rows
    return {label: sorted(texts.values(), key=lambda item: (-item[1], item[0])) for label, texts in counts.items()}


def _rows(spellings: LabelSpellings, label: str) -> int:
    key = spelling_key(label)
    return sum(rows for spelling, rows in spellings.counts.items() if spelling_key(spelling) == key)


def _as_one(extraction: Extraction) -> str:
    return "whole_message" if extraction.rule in ("whole_message", "ground_truth") else extraction.name
