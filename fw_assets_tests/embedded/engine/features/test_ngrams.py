from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded.engine.features.ngrams import cut, grams, matrix


def dense(texts: list[str], known: list[str]) -> np.ndarray:
    keys = np.unique(grams(known).key)
    return np.asarray(matrix(grams(texts), keys, np.ones(len(keys), np.float32)).toarray())


def test_equal_texts_have_equal_features_of_length_one() -> None:
    found = dense(["Lost card!", "lost  CARD !"], ["lost card!"])
    assert np.allclose(found[0], found[1])
    assert np.isclose(np.linalg.norm(found[0]), 1.0)


def test_runs_stay_inside_words() -> None:
    ab, apart = grams(["ab"]), grams(["a b"])
    shared = set(ab.key[ab.key % 2 == 1]) & set(apart.key[apart.key % 2 == 1])
    assert len(ab.key[ab.key % 2 == 1]) == 6  # " a", "ab", "b ", " ab", "ab ", " ab "
    assert len(shared) == 2  # " a" and "b "


def test_word_order_matters_through_pairs() -> None:
    assert set(grams(["dog bites man"]).key) != set(grams(["man bites dog"]).key)


def test_unknown_runs_shorten_the_known_part() -> None:
    found = dense(["refund", "refund zzzzzz"], ["refund"])
    assert np.linalg.norm(found[1]) < np.linalg.norm(found[0])


@given(st.lists(st.text(max_size=30), max_size=6))
@settings(deadline=None, max_examples=60)
def test_any_text_is_read_and_each_alone_gives_the_same(texts: list[str]) -> None:
    found = grams(texts)
    assert found.texts == len(texts)
    for number, text in enumerate(texts):
        alone = grams([text])
        assert np.array_equal(alone.key, found.key[found.row == number])
        assert np.array_equal(alone.count, found.count[found.row == number])


def test_a_text_is_cut_at_its_limit() -> None:
    assert cut("one two three", 2) == "one two"
    assert cut("one two three", None) == "one two three"
    assert cut("short", 512) == "short"
