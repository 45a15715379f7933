"""Text encoder over the sentence embeddings of all-MiniLM-L6-v2."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.minilm_weights import WEIGHTS_ADVICE, weights_available
from fw_assets.embedded.engine.features.onnx_graph import WIDTH
from fw_assets.embedded.engine.features.sentence_encoder import SentenceEncoder
from fw_assets.embedded.engine.label_names import humanise
from fw_assets.embedded.engine.updates import Arrays, DenseUpdate, Update, row_by_row

F32 = NDArray[np.float32]

COSINE_SCALE = 20.0
LABEL_NAME_TOKENS = 64
_CACHED_LABEL_SETS = 64


class MinilmTextEncoder:
    """Embeddings as features; the base logit is 20 times the cosine of text and humanised label name."""

    name = "minilm"

    def __init__(self, cache: Path) -> None:
        self._encoder = sentence_encoder(cache)
        self._label_embeddings: dict[tuple[str, ...], F32] = {}

    @staticmethod
    def missing_weights() -> str | None:
        return None if weights_available() else WEIGHTS_ADVICE

    def encode(self, texts: Sequence[str], max_tokens: int) -> F32:
        return self._encoder.embed(texts, max_tokens)

    def base_logits(self, encoded: F32, labels: Sequence[str]) -> F32:
        cosine = row_by_row(encoded[:, -WIDTH:], self._embed_labels(tuple(labels)))
        return np.asarray(COSINE_SCALE * cosine, np.float32)

    def fit_vocabulary(self, encoded: F32) -> Arrays:
        return {}

    def join_vocabulary(self, vocabulary: Arrays, start: Arrays) -> tuple[Arrays, F32]:
        return vocabulary, start["A"]

    def features(self, encoded: F32, vocabulary: Arrays) -> F32:
        return encoded

    def new_update(self, features: F32, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        return DenseUpdate(features, gradient, rank, rng)

    def _embed_labels(self, labels: tuple[str, ...]) -> F32:
        """Sentence embeddings of the label names, (WIDTH, labels)."""
        embeddings = self._label_embeddings.get(labels)
        if embeddings is None:
            rows = self._encoder.embed([humanise(label) for label in labels], LABEL_NAME_TOKENS)
            embeddings = np.ascontiguousarray(rows[:, -WIDTH:].T)
            if len(self._label_embeddings) >= _CACHED_LABEL_SETS:
                self._label_embeddings.clear()
            self._label_embeddings[labels] = embeddings
        return embeddings


@lru_cache(maxsize=2)
def sentence_encoder(cache: Path) -> SentenceEncoder:
    """The encoder of this process that keeps its files in `cache`."""
    return SentenceEncoder(cache)
