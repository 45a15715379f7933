"""Protocol of a text encoder: features of texts, zero-shot scores from label names, and the update to train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.updates import Arrays, Update

F32 = NDArray[np.float32]


class TextEncoder(Protocol):
    """One family of features.

    Attributes:
        name: prefix of the encoder's arrays in a stored model; never to be changed.
    """

    name: str

    def __init__(self, cache: Path) -> None:
        """Load what the encoder needs; `cache` is the folder for files that can be computed again.

        Raises:
            WeightsError: its weights are missing or are not the published ones.
        """

    @staticmethod
    def missing_weights() -> str | None:
        """How to get the weights that are not on this machine; None when nothing is missing."""

    def encode(self, texts: Sequence[str], max_tokens: int) -> Any:
        """The texts, cut to `max_tokens`, in the form that the other methods take as `encoded`."""

    def base_logits(self, encoded: Any, labels: Sequence[str]) -> F32:
        """Zero-shot logits from the names of the labels, (texts, labels)."""

    def fit_vocabulary(self, encoded: Any) -> Arrays:
        """Arrays that `features` needs, fitted on the training texts; empty where it needs none."""

    def join_vocabulary(self, vocabulary: Arrays, start: Arrays) -> tuple[Arrays, F32]:
        """The vocabulary of both, and the `A` of `start`, an earlier update with its own vocabulary, over it."""

    def features(self, encoded: Any, vocabulary: Arrays) -> Any:
        """A dense or sparse matrix, (texts, features)."""

    def new_update(self, features: Any, gradient: F32, rank: int, rng: np.random.Generator) -> Update:
        """An untrained update over the training texts' features.

        `gradient` is that of the base loss at the logits of each training text, (texts, labels).
        """
