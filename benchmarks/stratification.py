"""The split beside iterative stratification: how evenly labels fall, and how many rows move when some are added.

Run as `python -m benchmarks.stratification FILE.jsonl`. The measures are Sechidis, Tsoumakas & Vlahavas
(2011): label distribution LD, the mean difference of each label's odds between the test part and the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.arguments import positional
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets.classification.splits.split import assign_split
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


def main(path: Path) -> None:
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
    main(*positional(__doc__, file=Path))
