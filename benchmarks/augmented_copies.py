"""The honest figure of augmented data: 400 texts and three one-word variants of each, without a group column.

Run as `python -m benchmarks.augmented_copies [FILE]` (default examples/support-intents.jsonl). A TF-IDF model with
logistic regression is fitted on the training rows of the split and asked for the test rows, over ten seeds: with groups
as they are found; with groups by the original of each variant, which is the honest figure, 2 points off the first at
most; and with groups by character shingles alone, as the version before found them. Then the same of the variants
without their originals, most of which are not found.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.arguments import positional
from benchmarks.variants import dropped, grouped, inserted, replaced, shingled
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.session import Session
from fw_assets.classification.splits.split import assign_split

TEXTS, VARIANTS, SEEDS = 400, 3, 10


def augmented(
    texts: Sequence[str], labels: Sequence[str], chance: random.Random
) -> tuple[list[str], list[str], list[int]]:
    """Texts, labels and originals: `TEXTS` of the rows, then `VARIANTS` of each."""
    chosen = chance.sample(range(len(texts)), min(TEXTS, len(texts)))
    vocabulary = sorted({word for text in texts for word in text.split() if word.isalpha()})
    rows = [(texts[row], row) for row in chosen]
    rows += [
        (chance.choice((replaced, inserted, dropped))(texts[row], chance, vocabulary), row)
        for row in chosen
        for _ in range(VARIANTS)
    ]
    return [text for text, _ in rows], [labels[row] for _, row in rows], [row for _, row in rows]


def accuracy(texts: Sequence[str], labels: Sequence[str], groups: NDArray[np.int64], seed: int) -> tuple[float, int]:
    """The share of test rows that are answered right, and their number, when these groups are kept whole."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    frame = pl.DataFrame(
        {
            "source": ["train"] * len(texts),
            "labels": [[label] for label in labels],
            "group": pl.Series(groups, dtype=pl.UInt32),
            "digest": [sha256(text.encode()).hexdigest()[:16] for text in texts],
        }
    )
    part = assign_split(frame, Session(seed=seed)).to_numpy()
    train, test = (np.flatnonzero(part == name).tolist() for name in ("train", "test"))
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), LogisticRegression(C=30))
    model.fit([texts[row] for row in train], [labels[row] for row in train])
    answers = model.predict([texts[row] for row in test])
    return float(np.mean([answer == labels[row] for answer, row in zip(answers, test, strict=True)])), len(test)


def figures(file: Path, seeds: int = SEEDS, *, absent: bool = False) -> dict[str, float]:
    """The mean accuracy on the test rows by each way to group; `absent` leaves the originals out."""
    rows = read_rows(file, source="train").frame
    sums: dict[str, list[float]] = {}
    for seed in range(seeds):
        texts, labels, originals = augmented(rows["text"].to_list(), rows["answer"].to_list(), random.Random(seed))
        if absent:
            first = len(set(originals))
            texts, labels, originals = texts[first:], labels[first:], originals[first:]
        ways = {
            "as found": grouped(texts, labels),
            "by original": np.unique(originals, return_inverse=True)[1],
            "by shingles alone": shingled(texts),
        }
        for way, groups in ways.items():
            sums.setdefault(way, []).append(accuracy(texts, labels, groups, seed)[0])
    return {way: float(np.mean(values)) for way, values in sums.items()}


def main(file: str) -> None:
    means = figures(Path(file))
    for way, mean in means.items():
        print(f"{way}: {mean:.1%}")
    gap = 100 * abs(means["as found"] - means["by original"])
    print(f"within 2 points of the honest figure: {'yes' if gap <= 2 else 'NO'} ({gap:.1f})")
    for way, mean in figures(Path(file), absent=True).items():
        print(f"without the originals, {way}: {mean:.1%}")


if __name__ == "__main__":
    main(*positional(__doc__, file="examples/support-intents.jsonl"))
