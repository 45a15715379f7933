"""What goes into a training run and what a scorer must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class EngineError(ValueError):
    """A request the engine cannot answer; the message says what was found and what is needed."""


@dataclass(frozen=True)
class TrainingRow:
    """One text with its labels (exactly one unless the run is multi-label) and its weight in the loss."""

    text: str
    labels: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class TrainingSpec:
    """The hyper-parameters of one run.

    `epochs` counts passes over the rows and may be fractional, `batch_size` counts rows a step and
    `max_context_length` counts MiniLM tokens of a text.
    """

    base_model: str
    lora_rank: int = 16
    learning_rate: float = 0.01
    epochs: float = 1.0
    batch_size: int = 32
    max_context_length: int = 256
    seed: int = 0


class Scorer(Protocol):
    """A base or a tuned model."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels of the training, in stable order; None for a base model."""

    @property
    def multi_label(self) -> bool:
        """Whether the training was multi-label; False for a base model."""

    @property
    def notes(self) -> Mapping[str, Any]:
        """What was stored with a tuned model, such as its answer format; empty for a base model."""

    def log_probabilities(self, texts: Sequence[str], choices: Sequence[str] | None) -> NDArray[np.float64]:
        """Natural log probabilities, (texts, choices).

        The probabilities sum to one over the choices, or stand alone each for a multi-label model. `choices`
        None means the model's own labels. A choice that the training never saw keeps its base score.
        Raises `EngineError` for a base model without choices, and for repeated or no choices.
        """

    def predict_sets(self, texts: Sequence[str], choices: Sequence[str] | None) -> list[tuple[str, ...]]:
        """Each text's labels in the order of the choices; may be empty for a tuned multi-label model."""
