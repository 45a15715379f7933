"""The split beside iterative stratification, and how large groups reach the test rows beside the version before.

Run as `python -m benchmarks.stratification FILE.jsonl`: how evenly labels fall, and how many rows move when some are
added. The measures are Sechidis, Tsoumakas & Vlahavas (2011): label distribution LD, the mean difference of each
label's odds between the test part and the whole.

Without a file: rows of which a share are near-copies of a few texts, split with 200 seeds. Before, a group that is
larger than its label's quota of test rows stayed in training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.arguments import positional
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets.classification.splits.split import assign_split
from fw_assets.classification.values import digest
from fw_assets_tests.classification.frames import inspect_in_memory

FRACTION = 0.2


def iterative(labels: Sequence[Sequence[str]], seed: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows iterative stratification puts into a test part of `FRACTION`."""
    chance = np.random.default_rng(seed)
    left = Counter(label for own in labels for label in own)
    want = {label: [count * (1 - FRACTION), count * FRACTION] for label, count in left.items()}
    size = [len(labels) * (1 - FRACTION), len(labels) * FRACTION]
    rows_of: dict[str, list[int]] = {label: [] for label in left}
    for row, own in enumerate(labels):
        for label in own:
            rows_of[label].append(row)
    part = np.full(len(labels), -1)
    while left:
        rarest = min(left, key=lambda label: (left[label], label))
        for row in chance.permutation(rows_of[rarest]).tolist():
            if part[row] >= 0:
                continue
            side = max((0, 1), key=lambda s: (want[rarest][s], size[s]))
            part[row] = side
            size[side] -= 1
            for label in labels[row]:
                want[label][side] -= 1
                left[label] -= 1
        del left[rarest]
    for row in np.flatnonzero(part < 0).tolist():
        part[row] = int(size[1] > size[0])
        size[part[row]] -= 1
    return np.asarray(part == 1, dtype=np.bool_)


def distribution(labels: Sequence[Sequence[str]], test: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """LD of the test part."""
    whole = Counter(label for own in labels for label in own)
    inside = Counter(label for own, taken in zip(labels, test, strict=True) if taken for label in own)
    rows, taken = len(labels), int(test.sum())
    return float(np.mean([abs(inside[name] / (taken - inside[name]) - n / (rows - n)) for name, n in whole.items()]))


class Templates(NamedTuple):
    """So many labels, each with single rows and with groups of copies of one size."""

    labels: int
    single: int
    groups: int
    size: int


SETS = (Templates(5, 100, 1, 40), Templates(5, 100, 1, 100), Templates(5, 100, 4, 25), Templates(20, 20, 1, 20))
SEEDS = 200


def templates(made: Templates) -> pl.DataFrame:
    rows: list[tuple[str, int, bool]] = []
    group = 0
    for label in range(made.labels):
        for size in [1] * made.single + [made.size] * made.groups:
            rows += [(f"label{label}", group, size > 1)] * size
            group += 1
    return pl.DataFrame(
        {
            "labels": [[label] for label, _, _ in rows],
            "group": pl.Series([group for _, group, _ in rows], dtype=pl.UInt32),
            "source": ["train"] * len(rows),
            "digest": [digest([index], 16) for index in range(len(rows))],
            "copy": [copied for _, _, copied in rows],
        }
    )


def before(rows: pl.DataFrame, seed: int) -> pl.Series:
    """The part of every row, where groups above the quota of their label stay in training."""
    quota = FRACTION * pl.len().over(pl.col("labels").list.first())
    too_large = rows.select(pl.len().over("group") > quota).to_series()
    return assign_split(rows, Session(models=("char-ngram",), train_fraction=1 - FRACTION, seed=seed), too_large)


def large_groups() -> None:
    """Share of copies among the test rows, and of all splits those whose share is off by half of it or more."""
    print(f"{'rows':44}{'copies of all':>15}{'of test, before':>17}{'now':>8}{'far off, before':>17}{'now':>8}")
    for made in SETS:
        rows = templates(made)
        true, shares = float(rows["copy"].mean()), np.zeros((2, SEEDS))  # type: ignore[arg-type]
        for seed in range(SEEDS):
            session = Session(models=("char-ngram",), train_fraction=1 - FRACTION, seed=seed)
            for index, parts in enumerate((before(rows, seed), assign_split(rows, session))):
                shares[index, seed] = float(rows.filter(parts == "test")["copy"].mean())  # type: ignore[arg-type]
        means, off = shares.mean(axis=1), (np.abs(shares - true) >= true / 2).mean(axis=1)
        name = f"{made.labels} labels of {made.single} rows and {made.groups} x {made.size} copies"
        print(f"{name:44}{true:>15.1%}{means[0]:>17.1%}{means[1]:>8.1%}{off[0]:>17.1%}{off[1]:>8.1%}", flush=True)


def main(file: str) -> None:
    if not file:
        large_groups()
        return
    path = Path(file)
    session = Session(models=("char-ngram",), train_fraction=1 - FRACTION)
    frame, _ = resolve(*inspect_in_memory(path, None, session), session)
    fewer = pl.Series(np.random.default_rng(1).random(frame.height) > 0.01)
    for name in ("by the rarest label and content", "iterative stratification"):
        taken = []
        for rows in (frame, frame.filter(fewer)):
            if name.startswith("by"):
                taken.append((assign_split(rows, session) == "test").to_numpy())
            else:
                taken.append(iterative(rows["labels"].to_list(), session.seed))
        moved = float((taken[0][fewer.to_numpy()] != taken[1]).mean())
        spread = distribution(frame["labels"].to_list(), taken[0])
        print(f"{name}: test share {taken[0].mean():.4f}, LD {spread:.5f}, rows moved by 1 % more rows {moved:.2%}")


if __name__ == "__main__":
    main(*positional(__doc__, file=""))
