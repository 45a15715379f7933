"""Nearest training rows of a text, by embeddings or by TF-IDF of character n-grams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.splits.duplicates import normalised

Vectors = Callable[[Sequence[str]], Any]
"""From texts to a matrix (texts, features), dense or sparse, whose rows have length 1."""
_MAX_FEATURES = 200_000
_CELLS_PER_BLOCK = 8_000_000
_DIGITS = 5
"""Decimals of a similarity that count, so that equal ones are equal on every machine."""


def tfidf_vectors(texts: Sequence[str]) -> Vectors:
    """Vectors of character n-grams (3 to 5, within words) as they are weighted in `texts`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # takes a second to import

    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=_MAX_FEATURES, dtype=np.float32
    )
    try:
        vectorizer.fit(texts)
    except ValueError:  # no text has a character that is no space
        return lambda asked: np.zeros((len(asked), 1), np.float32)
    return vectorizer.transform  # type: ignore[no-any-return]


def unit_vectors(embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Vectors:
    """Embeddings at length 1."""

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        matrix = embed(texts)
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(lengths > 0, lengths, 1), np.float32)

    return vectors


class Neighbours:
    """The rows of a pool by their similarity to a text.

    A row of the pool is none of a text's neighbours that says the same but for case and punctuation, or is of its
    duplicate group; and of the rows of one group the nearest alone is one.
    """

    def __init__(self, texts: Sequence[str], groups: Sequence[int], vectors: Vectors) -> None:
        self._vectors, self._pool = vectors, vectors(texts)
        self._groups = np.asarray(groups, np.int64)
        self._forms = normalised(pl.Series(texts, dtype=pl.String)).to_numpy()

    def nearest(self, texts: Sequence[str], groups: Sequence[int] | None, number: int) -> list[list[int]]:
        """For each text the positions of its neighbours in the pool, at most `number`, the nearest first.

        Args:
            groups: the duplicate group of each text; None where they are in none.
        """
        found: list[list[int]] = []
        rows = max(1, _CELLS_PER_BLOCK // max(1, len(self._groups)))
        for start in range(0, len(texts), rows):
            block = texts[start : start + rows]
            cosines = self._vectors(block) @ self._pool.T
            dense = np.round(cosines if isinstance(cosines, np.ndarray) else cosines.toarray(), _DIGITS)
            forms = normalised(pl.Series(block, dtype=pl.String)).to_list()
            of = None if groups is None else groups[start : start + rows]
            for index, similarity in enumerate(dense):
                same = self._forms == forms[index]
                if of is not None:
                    same |= self._groups == of[index]
                found.append(self._best(np.where(same, -np.inf, similarity), number))
        return found

    def _best(self, similarity: NDArray[np.floating[Any]], number: int) -> list[int]:
        chosen: list[int] = []
        taken: set[int] = set()
        # Of rows that are alike in groups of many, only the first counts: so look at more and more of them.
        look = min(len(similarity), 8 * number)
        while True:
            if look < len(similarity):
                bound = np.partition(similarity, -look)[-look]
                candidates = np.flatnonzero(similarity >= bound)
            else:
                candidates = np.arange(len(similarity))
            order = candidates[np.argsort(-similarity[candidates], kind="stable")]
            chosen.clear()
            taken.clear()
            for position in order:
                group = int(self._groups[position])
                if similarity[position] == -np.inf or len(chosen) == number:
                    break
                if group not in taken:
                    taken.add(group)
                    chosen.append(int(position))
            if len(chosen) == number or look == len(similarity):
                return chosen
            look = min(len(similarity), 8 * look)
