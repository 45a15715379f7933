"""Near-duplicate pairs, compared with brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.splits.minhash import THRESHOLD, near_pairs
from fw_assets.classification.splits.shingles import SHINGLE, shingle


def similarity(one: str, other: str) -> float:
    a, b = ({text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))} for text in (one, other))
    return len(a & b) / len(a | b)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("abc d", min_size=1, max_size=24), min_size=2, max_size=7, unique=True))
def test_every_pair_is_as_similar_as_brute_force_says(texts: list[str]) -> None:
    padded = [text.ljust(SHINGLE) for text in texts]
    sets = shingle(texts)
    left, right = np.triu_indices(len(texts), k=1)
    expected = [similarity(padded[i], padded[j]) for i, j in zip(left, right, strict=True)]
    assert sets.jaccard(left, right) == pytest.approx(expected)
    for i, j, s in zip(*near_pairs(texts), strict=True):
        assert s == pytest.approx(similarity(padded[i], padded[j]))
        assert s >= THRESHOLD
