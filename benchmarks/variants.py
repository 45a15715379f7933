"""Variants as people make them: the share found of each kind of edit, and what is joined on the untouched rows.

Run as `python -m benchmarks.variants FILE...` (chat rows, JSON Lines). For each file: 300 rows with one typo, one word
replaced, inserted or dropped, and other case and punctuation; six templates filled with other names, numbers, amounts
and dates, as 1, 5, 16 and 33 % of the rows; each beside the rule of character shingles alone. Then the untouched rows:
the largest group, the share of rows in groups, and the share of those whose label is the most frequent of their group,
with the labels known and without.
"""

from __future__ import annotations

import random
import string
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.splits.duplicates import find_groups, normalised
from fw_assets.classification.splits.minhash import components, near_pairs

PAIRS = 300
SHARES = (0.01, 0.05, 0.16, 0.33)
NAMES = (
    "Zara",
    "Anna",
    "Bob",
    "Olivia",
    "Liam",
    "Emma",
    "Mia",
    "Lucas",
    "Sofia",
    "Henry",
    "Leo",
    "Ruby",
    "O'Brien",
    "Müller",
)
TEMPLATES = (
    "Payment of {number} EUR to {name} was declined, why?",
    "Order {number} for {name} has not arrived yet",
    "Hi {name}, your code is {number}, valid until {date}",
    "I transferred ${amount} to {name} on {date} and it is still pending",
    "Please cancel my booking {number} on {date} for {name} {surname}",
    "Dear team, on {date} I ordered article {number} for {amount} EUR in the name of {name} {surname}, the parcel was "
    "sent to the wrong address and I would like to have it redirected or my money refunded as soon as possible.",
)


def typo(text: str, chance: random.Random, _: Sequence[str]) -> str:
    """One letter replaced, inserted, dropped, or exchanged with the next."""
    at = chance.choice([position for position, letter in enumerate(text) if letter.isalpha()])
    letter = chance.choice(string.ascii_lowercase)
    middles = (letter, letter + text[at], "", text[at + 1 : at + 2] + text[at])
    kind = chance.randrange(4)
    return text[:at] + middles[kind] + text[at + (2 if kind == 3 else 1) :]


def replaced(text: str, chance: random.Random, vocabulary: Sequence[str]) -> str:
    words = text.split()
    words[chance.randrange(len(words))] = chance.choice(vocabulary)
    return " ".join(words)


def inserted(text: str, chance: random.Random, vocabulary: Sequence[str]) -> str:
    words = text.split()
    words.insert(chance.randrange(len(words) + 1), chance.choice(vocabulary))
    return " ".join(words)


def dropped(text: str, chance: random.Random, _: Sequence[str]) -> str:
    words = text.split()
    del words[chance.randrange(len(words))]
    return " ".join(words)


def shouted(text: str, _: random.Random, __: Sequence[str]) -> str:
    return text.upper().replace(" ", ", ") + "!"


EDITS: dict[str, Callable[[str, random.Random, Sequence[str]], str]] = {
    "case, punctuation": shouted,
    "one typo": typo,
    "one word replaced": replaced,
    "one word inserted": inserted,
    "one word dropped": dropped,
}


def filled(template: str, chance: random.Random) -> str:
    day, month = chance.randint(1, 28), chance.choice(("January", "March", "May", "August", "October"))
    dates = (f"{day} {month} 2024", f"{chance.randint(1, 12)}/{day}/2024", f"{month} {day}", f"2024-05-{day:02}")
    return template.format(
        number=chance.randint(100, 99_999),
        amount=f"{chance.randint(1, 9999)}.{chance.randrange(100):02}",
        date=chance.choice(dates),
        name=chance.choice(NAMES),
        surname=chance.choice(NAMES),
    )


def grouped(texts: Sequence[str], labels: Sequence[str] | None) -> NDArray[np.int64]:
    """The group of each row, labels known or not."""
    columns: dict[str, object] = {"text": texts, "source": ["train"] * len(texts)}
    frame = pl.DataFrame(columns).with_columns(pl.lit(None, pl.String).alias("group_key"))
    if labels is not None:
        frame = frame.with_columns(pl.Series("labels", [[label] for label in labels]))
    return find_groups(frame).final


def shingled(texts: Sequence[str]) -> NDArray[np.int64]:
    """The same by the similarity of character shingles alone, the rule of the version before."""
    left, right, _ = near_pairs(normalised(pl.Series(texts)).to_list())
    return components(len(texts), left, right)


def edit_recall(
    texts: Sequence[str], labels: Sequence[str] | None, edit: str, chance: random.Random, pairs: int = PAIRS
) -> tuple[float, float]:
    """The share of edited rows that are in the group of their original, and that by shingles alone."""
    vocabulary = sorted({word for text in texts for word in text.split() if any(map(str.isalnum, word))})
    chosen = chance.sample([row for row, text in enumerate(texts) if len(text.split()) > 1], pairs)
    both = [*texts, *(EDITS[edit](texts[row], chance, vocabulary) for row in chosen)]
    of_both = [*labels, *(labels[row] for row in chosen)] if labels is not None else None
    copies = np.arange(len(texts), len(both))
    groups, before = grouped(both, of_both), shingled(both)
    return float((groups[chosen] == groups[copies]).mean()), float((before[chosen] == before[copies]).mean())


def template_recall(
    texts: Sequence[str], labels: Sequence[str] | None, share: float, chance: random.Random
) -> tuple[float, float]:
    """The share of rows of one template that are in one group, the least of six templates, and by shingles alone."""
    count = max(2, round(len(texts) * share / (1 - share)))
    found = []
    for template in TEMPLATES:
        both = [*texts, *(filled(template, chance) for _ in range(count))]
        of_both = [*labels, *[labels[0]] * count] if labels is not None else None
        found.append([_largest(groups[len(texts) :]) for groups in (grouped(both, of_both), shingled(both))])
    least = np.min(found, axis=0)
    return float(least[0]), float(least[1])


def untouched(texts: Sequence[str], labels: Sequence[str], *, known: bool) -> tuple[int, float, float]:
    """The largest group, the share of rows in groups, and the share of those with the label of their group."""
    groups = grouped(texts, labels if known else None)
    members: dict[int, list[str]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        members.setdefault(group, []).append(label)
    several = [names for names in members.values() if len(names) > 1]
    inside = sum(map(len, several))
    right = sum(Counter(names).most_common(1)[0][1] for names in several)
    return max(map(len, members.values())), inside / len(texts), right / inside if inside else 1.0


def _largest(groups: NDArray[np.int64]) -> float:
    return float(np.bincount(groups).max() / len(groups))


def main(files: Sequence[str]) -> None:
    for file in files:
        rows = read_rows(Path(file), source="train").frame
        texts, labels = rows["text"].to_list(), rows["answer"].to_list()
        print(f"{file}: {len(texts):,} rows")
        for edit in EDITS:
            found, before = edit_recall(texts, labels, edit, random.Random(1))
            unlabelled, _ = edit_recall(texts, None, edit, random.Random(1))
            print(f"  {edit}: {found:.1%} (labels unknown: {unlabelled:.1%}; shingles alone: {before:.1%})")
        for share in SHARES:
            found, before = template_recall(texts, labels, share, random.Random(2))
            print(f"  templates, {share:.0%} of the rows: {found:.1%} (shingles alone: {before:.1%})")
        for known in (True, False):
            largest, share, right = untouched(texts, labels, known=known)
            said = "known" if known else "unknown"
            print(f"  untouched, labels {said}: largest group {largest}, {share:.1%} in groups, same label {right:.2%}")


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
