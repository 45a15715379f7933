"""Batches of rows of similar length, so that little of a batch is padding; the order follows from seed and epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_BATCHES_PER_WINDOW = 8


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Every row once: rows are shuffled, sorted by length within windows of eight batches, and the batches shuffled."""
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths)).tolist()
    window = _BATCHES_PER_WINDOW * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window], key=lambda row: lengths[row])
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def micro_batches(
    batch: Sequence[int], lengths: Sequence[int], max_tokens: int, max_rows: int | None = None
) -> list[list[int]]:
    """The batch in parts of at most so many tokens, padding included, and rows; a longer row is a part of its own."""
    parts: list[list[int]] = []
    for row in sorted(batch, key=lambda row: lengths[row]):
        fits = parts and (len(parts[-1]) + 1) * lengths[row] <= max_tokens
        if fits and (max_rows is None or len(parts[-1]) < max_rows):
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts
