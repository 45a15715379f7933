"""Duplicate groups at size: time, memory, and the recall and precision of planted duplicates, beside datasketch.

Run as `python -m benchmarks.duplicates [ROWS] [BESIDE]` (default 1000000 and 20000). Planted pairs are
exact copies, copies with other case and punctuation, and copies with a few characters changed whose similarity,
measured anew on plain shingle sets, is at least the documented threshold; copies further off than that have one word
changed (`benchmarks.variants` has those that people make). datasketch's MinHashLSH, with the same bands
and the same exact check of its candidates, is given `BESIDE` rows; a million would take it an hour.
"""

from __future__ import annotations

import random
import resource
import time

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.splits.duplicates import find_groups, normalised
from fw_assets.classification.splits.minhash import BAND_HASHES, BANDS, THRESHOLD, components
from fw_assets.classification.splits.shingles import SHINGLE

PLANTED = 5_000
Pairs = list[tuple[str, int, int]]


def shingles(text: str) -> set[str]:
    return {text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))}


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the sets of character shingles."""
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


def changed(text: str, edits: int, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(edits):
        letters[chance.randrange(len(letters))] = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def planted(rows: int, chance: random.Random) -> tuple[list[str], Pairs]:
    """Texts of 8 to 40 words, and the pairs among them that belong together."""
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(20_000)]
    copies = min(PLANTED, rows // 20)
    own = rows - 3 * copies
    texts = [" ".join(chance.choices(words, k=chance.randint(8, 40))) for _ in range(own)]
    pairs: Pairs = []
    for kind in ("exact", "normalised", "near"):
        for _ in range(copies):
            first = chance.randrange(own)
            text = texts[first]
            copy = {"exact": text, "normalised": text.upper().replace(" ", ", ") + "!"}.get(kind)
            texts.append(copy or changed(text, chance.randint(1, max(1, len(text) // 60)), chance))
            near = copy or similarity(*normalised(pl.Series([text, texts[-1]]))) >= THRESHOLD
            pairs.append((kind if near else "further", first, len(texts) - 1))
    return texts, pairs


def ours(texts: list[str]) -> NDArray[np.int64]:
    """The group of each row."""
    nothing = pl.Series([None] * len(texts), dtype=pl.String)
    return find_groups(pl.DataFrame({"text": texts, "source": ["train"] * len(texts), "group_key": nothing})).final


def datasketch(texts: list[str]) -> NDArray[np.int64]:
    """The same by a library: banded MinHash over all rows, each candidate pair checked exactly."""
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-untyped,unused-ignore]

    sets = [shingles(text) for text in normalised(pl.Series(texts))]
    index = MinHashLSH(num_perm=BANDS * BAND_HASHES, params=(BANDS, BAND_HASHES))
    found: list[tuple[int, int]] = []
    for row, own in enumerate(sets):
        signature = MinHash(num_perm=BANDS * BAND_HASHES)
        signature.update_batch([piece.encode() for piece in own])
        for other in index.query(signature):
            if len(own & sets[other]) >= THRESHOLD * len(own | sets[other]):
                found.append((other, row))
        index.insert(row, signature)
    left, right = (np.array([pair[side] for pair in found], dtype=np.int64) for side in (0, 1))
    return components(len(texts), left, right)


def judged(groups: NDArray[np.int64], texts: list[str], pairs: Pairs) -> tuple[dict[str, float], float]:
    """Recall of each kind of planted pair; the share of rows that are a copy of their group's first row, or as near."""
    recall = {}
    for kind in ("exact", "normalised", "near"):
        own = [(first, second) for name, first, second in pairs if name == kind]
        recall[kind] = sum(groups[first] == groups[second] for first, second in own) / len(own)
    known = {(first, second) for _, first, second in pairs}
    _, firsts, inverse = np.unique(groups, return_index=True, return_inverse=True)
    joined = [(int(firsts[group]), row) for row, group in enumerate(inverse) if firsts[group] != row]
    right = sum(
        pair in known or similarity(*normalised(pl.Series([texts[row] for row in pair]))) >= THRESHOLD
        for pair in joined
    )
    return recall, right / len(joined)


def resident() -> float:
    """GB, at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(rows: int, beside: int) -> None:
    texts, pairs = planted(rows, random.Random(7))
    before = resident()
    started, cpu = time.perf_counter(), time.process_time()
    groups = ours(texts)
    took, used = time.perf_counter() - started, time.process_time() - cpu
    print(
        f"{rows:,} rows: {took:.1f} s ({used:.1f} s of processor time), peak {resident():.2f} GB, {before:.2f} before"
    )
    recall, precision = judged(groups, texts, pairs)
    print(
        ", ".join(f"recall {kind} {share:.4f}" for kind, share in recall.items()),
        f"precision {precision:.4f}",
        sep=", ",
    )
    print(f"under 180 s: {_said(took < 180)}; recall of each kind at least 0.99: {_said(min(recall.values()) >= 0.99)}")
    texts, pairs = planted(beside, random.Random(8))
    seconds = {}
    for name, method in (("fw-assets", ours), ("datasketch", datasketch)):
        started = time.perf_counter()
        groups = method(texts)
        seconds[name] = time.perf_counter() - started
        recall, precision = judged(groups, texts, pairs)
        shares = f"recall {min(recall.values()):.4f}, precision {precision:.4f}"
        print(f"{beside:,} rows, {name}: {seconds[name]:.2f} s, {shares}")
    print(f"speed over datasketch: {seconds['datasketch'] / seconds['fw-assets']:.1f}")


def _said(holds: bool) -> str:
    return "yes" if holds else "NO"


if __name__ == "__main__":
    main(*positional(__doc__, rows=1_000_000, beside=20_000))
