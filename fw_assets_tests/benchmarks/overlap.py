"""Duplicate groups at size: time, memory and the recall of planted duplicates.

Run as `python -m fw_assets_tests.benchmarks.overlap [ROWS]` (default 1000000). Planted pairs are exact copies, copies
with other case and punctuation, and copies with a few characters changed whose similarity, measured anew on plain
shingle sets, is at least the documented threshold.
"""

from __future__ import annotations

import random
import resource
import sys
import time

import numpy as np
import polars as pl

from fw_assets.classification.near_duplicates import THRESHOLD
from fw_assets.classification.overlap import find_groups, normalised
from fw_assets.classification.shingles import SHINGLE

PLANTED = 5_000


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the sets of character shingles."""
    sets = [{text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))} for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def changed(text: str, edits: int, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(edits):
        letters[chance.randrange(len(letters))] = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def planted(rows: int, chance: random.Random) -> tuple[list[str], list[tuple[str, int, int]]]:
    """Texts of 8 to 40 words, and the pairs among them that belong together."""
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(20_000)]
    texts = [" ".join(chance.choices(words, k=chance.randint(8, 40))) for _ in range(rows - 3 * PLANTED)]
    pairs: list[tuple[str, int, int]] = []
    for kind in ("exact", "normalised", "near"):
        for _ in range(PLANTED):
            first = chance.randrange(rows - 3 * PLANTED)
            text = texts[first]
            copy = {"exact": text, "normalised": text.upper().replace(" ", ", ") + "!"}.get(kind)
            texts.append(copy or changed(text, chance.randint(1, max(1, len(text) // 60)), chance))
            if copy or similarity(*normalised(pl.Series([text, texts[-1]]))) >= THRESHOLD:
                pairs.append((kind, first, len(texts) - 1))
    return texts, pairs


def main(rows: int = 1_000_000) -> None:
    texts, pairs = planted(rows, random.Random(7))
    frame = pl.DataFrame(
        {
            "text": texts,
            "source": ["train"] * rows,
            "group_key": pl.Series([None] * rows, dtype=pl.String),
            "id": pl.Series(np.arange(rows)).cast(pl.String),
        }
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    started, cpu = time.perf_counter(), time.process_time()
    groups = find_groups(frame).final
    took, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{rows:,} rows: {took:.1f} s ({used:.1f} s of processor time), peak {peak:.2f} GB ({before:.2f} GB before)")
    for kind in ("exact", "normalised", "near"):
        own = [(first, second) for name, first, second in pairs if name == kind]
        found = sum(groups[first] == groups[second] for first, second in own)
        print(f"planted {kind}: {found:,} of {len(own):,} found, recall {found / len(own):.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
