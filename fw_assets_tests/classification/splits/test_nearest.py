"""Similarity to the nearest of other texts, compared with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from fw_assets.classification.splits.nearest import nearest_similarity


def oracle(texts: list[str], others: list[str]) -> list[float]:
    def grams(text: str) -> set[str]:
        padded = text.ljust(5)
        return {padded[i : i + 5] for i in range(len(padded) - 4)}

    names = sorted(set().union(*(grams(text) for text in [*texts, *others])))
    own, rest = (
        np.array([[name in grams(text) for name in names] for text in side], float) for side in (texts, others)
    )
    weights = np.log((1 + len(texts)) / (1 + own.sum(axis=0))) + 0.01
    return cosine_similarity(own * weights, rest * weights).max(axis=1).tolist()  # type: ignore[no-any-return]


words = st.lists(st.sampled_from(["card", "money", "lost", "where", "transfer"]), min_size=1, max_size=5).map(" ".join)


@settings(deadline=None, max_examples=40)
@given(st.lists(words, min_size=1, max_size=6), st.lists(words, min_size=1, max_size=6))
def test_similarity_is_the_weighted_cosine(texts: list[str], others: list[str]) -> None:
    batches = [others[start : start + 2] for start in range(0, len(others), 2)]
    assert nearest_similarity(texts, batches).tolist() == pytest.approx(oracle(texts, others), abs=1e-9)


def test_copies_variants_and_strangers() -> None:
    texts = ["I was charged twice for the same taxi ride!", "Where is my new card", "Cancel the newspaper please"]
    training = ["I was charged twice for the same taxi ride", "where is the new card", "my phone is broken"]
    copy, variant, stranger = nearest_similarity(texts, [training])
    assert copy == pytest.approx(1)
    assert 0.4 < variant < 0.95
    assert stranger < 0.2


def test_nothing_to_compare() -> None:
    assert nearest_similarity([], [["a"]]).tolist() == []
    assert nearest_similarity(["a"], []).tolist() == [0]
