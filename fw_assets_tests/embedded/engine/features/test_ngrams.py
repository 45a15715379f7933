from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded.engine.features.ngrams import count_ngrams, tfidf_matrix, truncate


def dense(texts: list[str], vocabulary: list[str]) -> np.ndarray:
    keys = np.unique(count_ngrams(vocabulary).key)
    return np.asarray(tfidf_matrix(count_ngrams(texts), keys, np.ones(len(keys), np.float32)).toarray())


def test_equal_texts_have_equal_features_of_length_one() -> None:
    rows = dense(["Lost card!", "lost  CARD !"], ["lost card!"])
    assert np.allclose(rows[0], rows[1])
    assert np.isclose(np.linalg.norm(rows[0]), 1.0)


def test_runs_stay_inside_words() -> None:
    ab, apart = count_ngrams(["ab"]), count_ngrams(["a b"])
    shared = set(ab.key[ab.key % 2 == 1]) & set(apart.key[apart.key % 2 == 1])
    assert len(ab.key[ab.key % 2 == 1]) == 6  # " a", "ab", "b ", " ab", "ab ", " ab "
    assert len(shared) == 2  # " a" and "b "


def test_word_order_matters_through_pairs() -> None:
    assert set(count_ngrams(["dog bites man"]).key) != set(count_ngrams(["man bites dog"]).key)


def test_unknown_runs_shorten_the_known_part() -> None:
    rows = dense(["refund", "refund zzzzzz"], ["refund"])
    assert np.linalg.norm(rows[1]) < np.linalg.norm(rows[0])


@given(st.lists(st.text(max_size=30), max_size=6))
@settings(deadline=None, max_examples=60)
def test_any_text_is_counted_and_each_alone_has_the_same_counts(texts: list[str]) -> None:
    counts = count_ngrams(texts)
    assert counts.texts == len(texts)
    for number, text in enumerate(texts):
        alone = count_ngrams([text])
        assert np.array_equal(alone.key, counts.key[counts.row == number])
        assert np.array_equal(alone.count, counts.count[counts.row == number])


def test_a_text_is_cut_at_its_limit() -> None:
    assert truncate("one two three", 2) == "one two"
    assert truncate("one two three", None) == "one two three"
    assert truncate("short", 512) == "short"
