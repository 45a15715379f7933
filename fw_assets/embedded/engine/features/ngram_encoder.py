"""Text encoder over hashed word and character n-grams, which needs no weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.ngrams import NgramCounts, count_ngrams, tfidf_matrix, truncate
from fw_assets.embedded.engine.label_names import humanise
from fw_assets.embedded.engine.updates import Arrays, SparseUpdate, Update

F32 = NDArray[np.float32]

COSINE_SCALE = 16.0
_MIN_DOCUMENTS = 2
_ROWS_FOR_MIN_DOCUMENTS = 200
_CACHED_LABEL_SETS = 16
_MAX_DENSE_CELLS = 1_000_000


class NgramTextEncoder:
    """TF-IDF features; the base logit is 16 times the cosine of text and label name over character n-grams."""

    name = "ngram"

    def __init__(self, cache: Path) -> None:
        """Nothing to load: n-grams are hashed."""

    @staticmethod
    def missing_weights() -> str | None:
        return None

    def encode(self, texts: Sequence[str], max_tokens: int) -> NgramCounts:
        return count_ngrams([truncate(text, max_tokens) for text in texts])

    def base_logits(self, encoded: NgramCounts, labels: Sequence[str]) -> F32:
        keys, equal_weights, names = _label_ngrams(tuple(labels))
        # The character n-grams of texts and of names have length 1 / sqrt(2) each, hence the factor of two.
        cosine = tfidf_matrix(encoded, keys, equal_weights) @ names
        dense = cosine if isinstance(cosine, np.ndarray) else cosine.toarray()
        return np.asarray(COSINE_SCALE * (2.0 * dense), np.float32)

    def fit_vocabulary(self, encoded: NgramCounts) -> Arrays:
        """The n-grams of at least two texts (one, below 200 texts) and their inverse document frequency."""
        keys, documents = np.unique(encoded.key, return_counts=True)
        kept = documents >= (_MIN_DOCUMENTS if encoded.texts >= _ROWS_FOR_MIN_DOCUMENTS else 1)
        idf = 1 + np.log((1 + encoded.texts) / (1 + documents[kept]))
        return {"keys": keys[kept], "idf": idf.astype(np.float32)}

    def join_vocabulary(self, vocabulary: Arrays, start: Arrays) -> tuple[Arrays, F32]:
        """N-grams that the earlier update knows keep their weight; the rows of new ones are zero."""
        keys = np.union1d(start["keys"], vocabulary["keys"])
        known = np.searchsorted(keys, start["keys"])
        idf = np.zeros(len(keys), np.float32)
        idf[np.searchsorted(keys, vocabulary["keys"])] = vocabulary["idf"]
        idf[known] = start["idf"]
        down = np.zeros((len(keys), start["A"].shape[1]), np.float32)
        down[known] = start["A"]
        return {"keys": keys, "idf": idf}, down

    def features(self, encoded: NgramCounts, vocabulary: Arrays) -> Any:
        return tfidf_matrix(encoded, vocabulary["keys"], vocabulary["idf"])

    def new_update(self, features: Any, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        return SparseUpdate(features, gradient.shape[1], rank, rng)


@lru_cache(maxsize=_CACHED_LABEL_SETS)
def _label_ngrams(labels: tuple[str, ...]) -> tuple[Any, F32, Any]:
    """The character n-grams of label names, a weight of one for each, and the names over them, (n-grams, labels).

    The last is an array where that is small, which is faster, and a sparse matrix where it is not: five thousand long
    names have a million n-grams.
    """
    names = count_ngrams([humanise(label) for label in labels])
    keys = np.unique(names.key[names.key % 2 == 1])
    equal_weights = np.ones(len(keys), np.float32)
    matrix = tfidf_matrix(names, keys, equal_weights)
    if len(keys) * len(labels) <= _MAX_DENSE_CELLS:
        return keys, equal_weights, np.ascontiguousarray(matrix.toarray().T)
    return keys, equal_weights, matrix.T.tocsr()
