"""How many of the first suspects are rows whose label was flipped on purpose.

Run as `python -m benchmarks.label_noise FILE.jsonl [SHARE]`; FILE holds single-label chats.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.arguments import positional
from fw_assets.classification.labels.label_noise import find_suspects
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import inspect_in_memory


def flipped(frame: pl.DataFrame, share: float, seed: int) -> tuple[pl.DataFrame, set[str]]:
    """The frame with `share` of the labels outside the test part replaced by another label, and those rows' ids."""
    chance = np.random.default_rng(seed)
    names = frame["labels"].list.first().unique().drop_nulls().sort().to_list()
    labels = frame["labels"].to_list()
    own = np.flatnonzero((frame["split"] != "test").to_numpy())
    flipped_rows = chance.choice(own, round(share * len(own)), replace=False).tolist()
    for index in flipped_rows:
        labels[index] = [chance.choice([name for name in names if name not in labels[index]])]
    changed = frame.with_columns(pl.Series("labels", labels, dtype=pl.List(pl.String)))
    return changed, set(frame["id"].gather(flipped_rows))


def main(path: Path, share: float = 0.05) -> None:
    session = Session(models=("char-ngram",))
    frame, _ = resolve(*inspect_in_memory(path, None, session), session)
    find_suspects(frame.head(200), 0)  # scikit-learn's import is not what is timed
    for seed in range(5):
        changed, wrong = flipped(frame, share, seed)
        started = time.perf_counter()
        suspects = find_suspects(changed, seed)
        took = time.perf_counter() - started
        train = [item.id for item in suspects.suspects if item.part != "test"]
        hits = [sum(item in wrong for item in train[:most]) for most in (100, 500)]
        print(
            f"seed {seed}: {len(wrong)} of {frame.height:,} labels flipped; of the first 100 suspects {hits[0]} are "
            f"flipped ones, of the first 500 {hits[1]}; {took:.2f} s"
        )


if __name__ == "__main__":
    main(*positional(__doc__, file=Path, share=0.05))
