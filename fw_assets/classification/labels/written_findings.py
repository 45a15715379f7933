"""Findings about what was made of labels as they are written: spellings joined, lists read, answers that contradict."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from fw_assets.classification.labels.label_set import Finding
from fw_assets.classification.session import MAX_LABEL
from fw_assets.classification.spelling.label_text import bare, has_variation, look

MAX_ROWS_LISTED = 50
MAX_NAMED = 12
MAX_EXCERPT = 60
MAX_STRAY_SHARE = 0.01
"""Rows with several labels that are no more than this share of all may be an accident."""


def quoted(text: str) -> str:
    """A label in quotes, cut, its unseen characters as escapes."""
    shown = text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"
    return repr(shown)


def named_rows(items: Sequence[tuple[str, int]], most: int = MAX_NAMED) -> str:
    """Texts in quotes with their rows: `'a' (3 rows), 'b' (1 row) and 4 more`."""
    shown = ", ".join(f"{quoted(text)} ({_count(rows)})" for text, rows in items[:most])
    return f"{shown} and {len(items) - most:,} more" if len(items) > most else shown


def spelling_finding(
    aliases: Sequence[tuple[str, str]], counts: Mapping[str, int], rows: Sequence[str]
) -> Iterator[Finding]:
    """The spellings that are read as a label that is written otherwise, most frequent first."""
    if not aliases:
        return
    by_rows = sorted(aliases, key=lambda pair: (-counts.get(pair[0], 0), pair))
    pairs = ", ".join(
        f"{_told_apart(spelling, label)} as {quoted(label)} ({_count(counts.get(spelling, 0))})"
        for spelling, label in by_rows[:MAX_NAMED]
    )
    more = f" and {len(aliases) - MAX_NAMED:,} more" if len(aliases) > MAX_NAMED else ""
    yield _shown(f"Spelling variants are read as one label: {pairs}{more}.", rows)


def _told_apart(spelling: str, label: str) -> str:
    """The spelling in quotes, with escapes for letters that look like those of the label, or are composed otherwise."""
    same_look = look(spelling) == look(label) and (bare(spelling) != bare(label) or has_variation(spelling))
    same_look |= spelling != label and unicodedata.normalize("NFC", spelling) == unicodedata.normalize("NFC", label)
    return ascii(spelling) if same_look and len(spelling) <= MAX_EXCERPT else quoted(spelling)


def alike_finding(groups: Sequence[tuple[str, ...]], rows: Sequence[str]) -> Iterator[Finding]:
    """Labels that look the same and are kept apart."""
    if groups:
        named = "; ".join(", ".join(f"{label!r} ({label!a})" for label in group) for group in groups[:MAX_NAMED])
        yield _shown(f"Labels that look the same are kept apart: {named}. Correct the rows if they are one.", rows)


def list_finding(
    lists: Mapping[str, tuple[str, ...]], counts: Mapping[str, int], total: int, rows: Sequence[str]
) -> Iterator[Finding]:
    """The texts that are read as several labels."""
    if not lists:
        return
    number = sum(counts.get(text, 0) for text in lists)
    first = max(sorted(lists), key=lambda text: (len(lists[text]) > 1, counts.get(text, 0)))
    labels = " and ".join(map(quoted, lists[first])) or "no label"
    yield _shown(
        f"{number:,} of {total:,} rows have a list of labels in one text, such as {quoted(first)} "
        f"({_count(counts.get(first, 0))}): it is read as {labels}. Each row has any number of labels.",
        rows,
    )


def literal_finding(rows: int) -> Iterator[Finding]:
    if rows:
        yield _shown(f"The ground_truth of {_count(rows)} is a text that holds a list: it is read as that list.")


def null_finding(rows: int, key: str | None) -> Iterator[Finding]:
    if rows:
        yield _shown(f"{_count(rows)} {'has' if rows == 1 else 'have'} null as {key}: it is read as the label 'null'.")


def stray_finding(several: int, total: int, place: str, rows: Sequence[str]) -> Iterator[Finding]:
    """The warning that a few rows alone make every answer a list of labels."""
    if several and several <= max(1, MAX_STRAY_SHARE * total):
        alone = "it alone makes" if several == 1 else "they alone make"
        yield _shown(
            f"{several:,} of {total:,} rows {'has' if several == 1 else 'have'} several labels or none ({place}): "
            f"{alone} every answer a list of any number of labels. Correct such rows if each has one.",
            rows,
        )


def contradiction_finding(contradicting: Sequence[str], number: int, compared: int, example: str) -> Iterator[Finding]:
    """The warning that answers state another label than the ground truth beside them."""
    if number:
        most = "; where the answers are the labels, leave the ground_truth out" if 2 * number > compared else ""
        yield _shown(
            f"The ground_truth contradicts the answer in {number:,} of {compared:,} rows that have both ({example}). "
            f"The ground_truth is taken; correct the rows where the answer is right{most}.",
            contradicting,
        )


def cut_finding(rule: str, place: str, texts: int, labels: int, too_long: int) -> Iterator[Finding]:
    """The warning that labels are cut out of longer answers.

    Args:
        too_long: rows whose whole answer is longer than a label may be.
    """
    if place:
        message = f"The label is cut out of the answers: {place} (rule {rule}). {texts:,} different answers become "
        message += f"{labels:,} {'label' if labels == 1 else 'labels'}."
        if too_long:
            have = "has" if too_long == 1 else "have"
            message += f" {_count(too_long)} {have} an answer of more than {MAX_LABEL} characters, which no label has."
        yield _shown(message)


def turns_finding(turns: int, rows: Sequence[str]) -> Iterator[Finding]:
    """The warning that earlier answers of the conversations are labels too."""
    if turns:
        what = (
            "earlier answer of the conversations is a label"
            if turns == 1
            else "earlier answers of the conversations are labels"
        )
        yield _shown(
            f"{turns:,} {what} too: only the last answer of a row counts, the others are part of what is asked. To "
            "learn from each, write one row per answer.",
            rows,
        )


def _shown(message: str, rows: Sequence[str] = ()) -> Finding:
    return Finding(
        check="labels_known", severity="warn", message=message, rows=tuple(rows[:MAX_ROWS_LISTED]), consequential=True
    )


def _count(rows: int) -> str:
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"
