"""Label choices of a request, and sets of labels by their probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.errors import EngineError

_BASE_SET_SHARE = 0.5


def check_candidates(labels: Sequence[str] | None) -> tuple[str, ...]:
    """The label choices of a base model.

    Raises:
        EngineError: there are none, or some repeat.
    """
    if not labels:
        raise EngineError("a base model needs the label choices, and there are none")
    if len(set(labels)) != len(labels):
        repeated = sorted(label for label, count in Counter(labels).items() if count > 1)
        raise EngineError("the label choices repeat: " + ", ".join(repeated))
    return tuple(labels)


def likely_sets(log_probabilities: NDArray[np.float64], labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Every label at least half as probable as the text's most probable one; never empty."""
    probability = np.exp(log_probabilities)
    return label_sets(probability >= _BASE_SET_SHARE * probability.max(axis=1, keepdims=True), labels)


def label_sets(is_chosen: NDArray[np.bool_], labels: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(label for label, chosen in zip(labels, row, strict=True) if chosen) for row in is_chosen]
