"""The two ways of reading a text: by MiniLM's embeddings and by n-grams. A model has one side or both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.ngrams import Grams, cut, grams, matrix
from fw_assets.embedded.engine.features.onnx_graph import WIDTH
from fw_assets.embedded.engine.features.sentence_encoder import Encoder
from fw_assets.embedded.engine.label_names import humanise
from fw_assets.embedded.engine.registry import CHAR_NGRAM, ENSEMBLE, MINILM
from fw_assets.embedded.engine.updates import Arrays, DenseUpdate, SparseUpdate, Update, row_by_row

F32 = NDArray[np.float32]

MINILM_SHARPNESS = 20.0
NGRAM_SHARPNESS = 16.0
_ENSEMBLE_SHARES = (1.0, 0.2)
_NAME_TOKENS = 64
_RARE_FROM_ROWS = 200
_LABEL_SETS_KEPT = 64


class TextEncoder(Protocol):
    """One way of reading texts; `name` prefixes its arrays in the stored file."""

    name: str

    def read(self, texts: Sequence[str], max_tokens: int) -> Any:
        """What the other methods take as `reading`."""

    def base(self, reading: Any, labels: Sequence[str]) -> F32:
        """The untrained logits, (texts, labels)."""

    def fit_vocabulary(self, reading: Any) -> Arrays:
        """What turns readings into features, learnt from the training texts; empty for embeddings."""

    def features(self, reading: Any, vocabulary: Arrays) -> Any:
        """A dense or sparse matrix, (texts, features)."""

    def update(self, features: Any, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        """A fresh update over the training texts' features; `gradient` as in `DenseUpdate`."""


class MinilmTextEncoder:
    """Embeddings; the base logit is 20 times the cosine between the text and the humanised label name."""

    name = "minilm"

    def __init__(self, cache: Path) -> None:
        self._encoder = _encoder(cache)
        self._named: dict[tuple[str, ...], F32] = {}

    def read(self, texts: Sequence[str], max_tokens: int) -> F32:
        return self._encoder.embed(texts, max_tokens)

    def base(self, reading: F32, labels: Sequence[str]) -> F32:
        return np.asarray(MINILM_SHARPNESS * row_by_row(reading[:, -WIDTH:], self._names(tuple(labels))), np.float32)

    def _names(self, labels: tuple[str, ...]) -> F32:
        """The label names' embeddings, (WIDTH, labels)."""
        found = self._named.get(labels)
        if found is None:
            names = self._encoder.embed([humanise(label) for label in labels], _NAME_TOKENS)
            found = np.ascontiguousarray(names[:, -WIDTH:].T)
            if len(self._named) >= _LABEL_SETS_KEPT:
                self._named.clear()
            self._named[labels] = found
        return found

    def fit_vocabulary(self, reading: F32) -> Arrays:
        return {}

    def features(self, reading: F32, vocabulary: Arrays) -> F32:
        return reading

    def update(self, features: F32, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        return DenseUpdate(features, gradient, rank, rng)


class NgramTextEncoder:
    """N-grams; the base logit is 16 times the cosine between the character runs of text and label name."""

    name = "ngram"

    def read(self, texts: Sequence[str], max_tokens: int) -> Grams:
        return grams([cut(text, max_tokens) for text in texts])

    def base(self, reading: Grams, labels: Sequence[str]) -> F32:
        keys, equal, names = _name_runs(tuple(labels))
        # Each side's character runs have length 1 / sqrt(2), hence the factor of two.
        cosine = 2.0 * (matrix(reading, keys, equal) @ names)
        return np.asarray(NGRAM_SHARPNESS * cosine, np.float32)

    def fit_vocabulary(self, reading: Grams) -> Arrays:
        """The n-grams of at least two texts (one, below 200 texts) and their inverse document frequency."""
        keys, found = np.unique(reading.key, return_counts=True)
        kept = found >= (2 if reading.texts >= _RARE_FROM_ROWS else 1)
        idf = 1 + np.log((1 + reading.texts) / (1 + found[kept]))
        return {"keys": keys[kept], "idf": idf.astype(np.float32)}

    def features(self, reading: Grams, vocabulary: Arrays) -> Any:
        return matrix(reading, vocabulary["keys"], vocabulary["idf"])

    def update(self, features: Any, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        return SparseUpdate(features, gradient.shape[1], rank, rng)


def text_encoders(model_id: str, cache: Path) -> tuple[tuple[TextEncoder, float], ...]:
    """The sides of a base model of the registry, each with its share in the sum of the base logits.

    Raises `WeightsError` when the model needs the MiniLM weights and they are missing.
    """
    if model_id == CHAR_NGRAM:
        return ((NgramTextEncoder(), 1.0),)
    if model_id == MINILM:
        return ((MinilmTextEncoder(cache), 1.0),)
    if model_id == ENSEMBLE:
        return tuple(zip((MinilmTextEncoder(cache), NgramTextEncoder()), _ENSEMBLE_SHARES, strict=True))
    raise KeyError(model_id)


@lru_cache(maxsize=_LABEL_SETS_KEPT)
def _name_runs(labels: tuple[str, ...]) -> tuple[Any, F32, F32]:
    """The character runs of label names, a weight of one for each, and the names over them, (runs, labels)."""
    names = grams([humanise(label) for label in labels])
    keys = np.unique(names.key[names.key % 2 == 1])
    equal = np.ones(len(keys), np.float32)
    return keys, equal, np.ascontiguousarray(matrix(names, keys, equal).toarray().T)


@lru_cache(maxsize=2)
def _encoder(cache: Path) -> Encoder:
    return Encoder(cache)
