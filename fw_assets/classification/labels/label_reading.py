"""What reading made of the labels in the rows, as findings: joined spellings, lists, contradictions, cut answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.labels import written_findings as written
from fw_assets.classification.labels.aliases import LabelLookup, alike
from fw_assets.classification.labels.extraction import Extraction, answers_rule, literal_rows
from fw_assets.classification.labels.extraction_rules import GROUND_TRUTH, find_labels
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_inference import LabelSpellings, merged_answers
from fw_assets.classification.labels.label_set import Finding
from fw_assets.classification.session import MAX_LABEL
from fw_assets.classification.spelling.label_text import spelling_key

MAX_PAIRS = 100_000
"""Different pairs of answer and ground truth that are compared."""
MIN_COMPARED = 0.5
"""Share of the rows with both whose answer must be a label, for answers to contradict the ground truth at all."""
NULL = "null"


def reading_findings(
    frame: pl.DataFrame,
    extracted: pl.Series,
    several: pl.Series,
    spellings: LabelSpellings,
    aliases: Sequence[tuple[str, str]],
    inspected: InspectedDataset,
) -> Iterator[Finding]:
    """The findings that change what is learned.

    Args:
        frame: inspected rows.
        extracted: their labels as they are written.
        several: whether they have another number of labels than one.
    """
    ids, extraction, counts = frame["id"], inspected.extraction, spellings.counts
    yield from written.cut_finding(*_cut(frame, extraction))
    yield from written.spelling_finding(aliases, counts, rows_of(ids, extracted, [pair[0] for pair in aliases]))
    lookalikes = alike(spellings.lookup.labels)
    yield from written.alike_finding(lookalikes, rows_of(ids, extracted, [x for group in lookalikes for x in group]))
    lists = {text: labels for text, labels in spellings.lists.items() if len(labels) != 1}
    yield from written.list_finding(lists, counts, frame.height, rows_of(ids, extracted, lists))
    yield from written.literal_finding(literal_rows(frame["ground_truth"]))
    if extraction.rule == "json_key" and NULL in counts:
        yield from written.null_finding(_null_rows(frame, extraction), extraction.key)
    stray = frame.filter(several)
    if stray.height:
        file, line = location(inspected.files, stray["row"][0], stray["source"][0])
        place = f"{'' if stray.height == 1 else 'the first is '}line {line} of {file}"
        yield from written.stray_finding(
            stray.height, frame.height, place, stray["id"].head(written.MAX_ROWS_LISTED).to_list()
        )
    yield from _contradictions(frame, extraction, spellings.lookup)


def rows_of(ids: pl.Series, labels: pl.Series, names: Iterable[str]) -> list[str]:
    """The ids of the first rows that have one of the labels."""
    having = labels.list.eval(pl.element().is_in(list(names))).list.any().fill_null(value=False)
    return ids.filter(having).head(written.MAX_ROWS_LISTED).to_list()


def _cut(frame: pl.DataFrame, extraction: Extraction) -> tuple[str, str, int, int, int]:
    """Rule, place, and the numbers of different answers, of labels, and of rows with answers too long for a label.

    No place where the rule cuts nothing off.
    """
    place = {"first_word": "the first word", "last_line": "the last line"}.get(extraction.rule)
    if place is None:
        return extraction.name, "", 0, 0, 0
    answers = frame.filter(pl.col("ground_truth").is_null(), pl.col("answer").is_not_null())["answer"]
    merged = merged_answers(answers, extraction)
    texts = sum(map(len, merged.values()))
    whole = {spelling_key(text) for answers_of in merged.values() for text, _ in answers_of}
    if whole <= merged.keys():
        return extraction.name, "", texts, len(merged), 0
    too_long = int((answers.str.strip_chars().str.len_chars() > MAX_LABEL).sum())
    return extraction.name, place, texts, len(merged), too_long


def _null_rows(frame: pl.DataFrame, extraction: Extraction) -> int:
    texts = frame.filter(pl.col("ground_truth").is_null(), pl.col("answer").str.contains(r":\s*(?:null|None)\b"))[
        "answer"
    ]
    return sum(
        rows
        for answer, rows in texts.value_counts().iter_rows()
        if find_labels(answer, extraction.rule, extraction.key) == (NULL,)
    )


def _contradictions(frame: pl.DataFrame, extraction: Extraction, lookup: LabelLookup) -> Iterator[Finding]:
    """The rows whose answer states another label than their ground truth, where most answers state one."""
    both = frame.select("id", "answer", "ground_truth").filter(
        pl.col("ground_truth").is_not_null(), pl.col("answer").is_not_null()
    )
    if not both.height:
        return
    rule, key = extraction.rule, extraction.key
    if rule == GROUND_TRUTH:
        rule, key = answers_rule(both["answer"]) or ("whole_message", None)
    pairs = both.group_by("answer", "ground_truth", maintain_order=True).agg("id").head(MAX_PAIRS)
    compared, contradicting, example = 0, [], ""
    for answer, truth, ids in pairs.iter_rows():
        stated = _resolved(find_labels(answer, rule, key), lookup)
        given = _resolved(tuple(truth), lookup)
        if not stated or given is None:
            continue
        compared += len(ids)
        if set(stated) != set(given):
            contradicting += ids
            example = (
                example
                or f"such as the answer {written.quoted(', '.join(stated))} beside {written.quoted(', '.join(given))}"
            )
    if compared >= MIN_COMPARED * both.height:
        yield from written.contradiction_finding(contradicting, len(contradicting), compared, example)


def _resolved(texts: Sequence[str] | None, lookup: LabelLookup) -> tuple[str, ...] | None:
    """The labels of the texts; None where one is unknown."""
    found: list[str] = []
    for text in texts or ():
        label = lookup.find(text)
        labels = (label,) if label else lookup.find_all(text)
        if labels is None:
            return None
        found += labels
    return None if texts is None else tuple(dict.fromkeys(found))
