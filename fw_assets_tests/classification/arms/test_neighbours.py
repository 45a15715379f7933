"""Neighbours of a text: who is none, the order, and the oracle of a plain search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fw_assets.classification.arms.neighbours import Neighbours, tfidf_vectors, unit_vectors

WORDS = st.sampled_from(["refund", "invoice", "crash", "login", "Refund!", "the", "price", "ähnlich", "发票"])
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def lengths(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)


@settings(deadline=None)
@given(
    pool=st.lists(st.tuples(TEXTS, st.integers(0, 6)), min_size=1, max_size=30),
    asked=st.lists(st.tuples(TEXTS, st.integers(0, 6)), min_size=1, max_size=8),
    number=st.integers(1, 8),
)
def test_no_copy_of_a_text_and_no_row_of_its_group_is_its_neighbour(
    pool: list[tuple[str, int]], asked: list[tuple[str, int]], number: int
) -> None:
    texts, groups = [text for text, _ in pool], [group for _, group in pool]
    neighbours = Neighbours(texts, groups, unit_vectors(lengths))
    found = neighbours.nearest([text for text, _ in asked], [group for _, group in asked], number)
    for (text, group), places in zip(asked, found, strict=True):
        chosen = [groups[place] for place in places]
        assert group not in chosen
        assert len(set(chosen)) == len(chosen) <= number
        assert all(texts[place].lower().strip("!") != text.lower().strip("!") for place in places)
        cosines = _cosines(text, texts)
        # A plain search: the first of each group in the order of similarity, then of the pool.
        form = text.lower().replace("!", "")
        order = sorted(
            (place for place in range(len(texts)) if groups[place] != group and _form(texts[place]) != form),
            key=lambda place: (-cosines[place], place),
        )
        first = list({groups[place]: place for place in reversed(order)}.values())
        assert places == sorted(first, key=order.index)[:number]


def _form(text: str) -> str:
    return text.lower().replace("!", "")


def _cosines(text: str, texts: list[str]) -> list[float]:
    matrix, own = unit_vectors(lengths)(texts), unit_vectors(lengths)([text])
    return [float(value) for value in np.round(own @ matrix.T, 5)[0]]


def test_the_text_most_like_it_comes_first() -> None:
    pool = ["where is my refund", "the app crashes at login", "my refund has not come", "price of the large plan"]
    neighbours = Neighbours(pool, range(4), tfidf_vectors(pool))
    (places,) = neighbours.nearest(["when does my refund come"], None, 3)
    assert places[0] == 2
    assert places[1] == 0
    assert neighbours.nearest(["WHERE is my refund?"], None, 1) != [[0]]


def test_texts_without_a_letter_have_neighbours_all_the_same() -> None:
    pool = [" ", "\t"]
    assert Neighbours(pool, [1, 2], tfidf_vectors(pool)).nearest(["x"], [3], 5) == [[0, 1]]
    assert Neighbours(pool, [1, 2], tfidf_vectors(pool)).nearest([], None, 5) == []
