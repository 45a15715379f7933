"""Sentence embeddings for others than the platform's own models, which have to be told where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.minilm_encoder import sentence_encoder
from fw_assets.embedded.engine.features.minilm_weights import WEIGHTS_ADVICE, weights_available
from fw_assets.embedded.settings import data_home

_MAX_TOKENS = 256


def missing_sentence_encoder() -> str | None:
    """How to get the weights of the sentence encoder; None where they are on this machine."""
    return None if weights_available() else WEIGHTS_ADVICE


def embed_sentences(texts: Sequence[str], cache: Path | None, *, anew: bool = False) -> NDArray[np.float32]:
    """The embeddings, (texts, 1152), of the first 256 tokens of each text by all-MiniLM-L6-v2.

    Args:
        cache: folder of what can be computed again, shared with the models of the platform there; None is that of
            this user.
        anew: without the caches.

    Raises:
        WeightsError: the weights are missing or are not the published ones.
    """
    return sentence_encoder(cache or data_home() / "cache").embed(texts, _MAX_TOKENS, anew=anew)
