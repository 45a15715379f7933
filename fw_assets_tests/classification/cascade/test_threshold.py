"""The threshold of a cascade: what it was chosen not to lose, it does not lose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from fw_assets.classification.cascade.answers import PairedAnswers
from fw_assets.classification.cascade.threshold import CascadeThreshold, cascade_threshold, cheapest

MARGIN = 0.02


def draw(rng: np.random.Generator, rows: int, kind: str) -> PairedAnswers:
    """A free model whose confidence says how often it is right, and another that is right in nine of ten."""
    groups = rng.integers(0, rows // 3, rows) if kind == "groups" else np.arange(rows)
    _, group = np.unique(groups, return_inverse=True)
    of_group = rng.random((2, group.max() + 1))
    confidence, luck = of_group[0][group], of_group[1][group]
    chance = confidence if kind != "misleading" else 1 - confidence
    other = (rng.random(rows) if kind != "groups" else (luck * 7919) % 1) < 0.9
    return PairedAnswers(confidence, luck < 0.55 + 0.45 * chance, other, groups.astype(np.uint32))


@pytest.mark.parametrize("kind", ["honest", "groups", "misleading"])
def test_the_margin_is_exceeded_in_at_most_one_of_twenty_cases(kind: str) -> None:
    rng = np.random.default_rng(11)
    world = draw(rng, 300_000, kind)
    loss = world.other.astype(float) - world.free
    wrong = found = 0
    for _ in range(300):
        chosen = cascade_threshold(draw(rng, 900, kind), MARGIN)
        if chosen is not None:
            found += 1
            wrong += float(np.where(world.confidence >= chosen.confidence, loss, 0).mean()) > MARGIN
    assert wrong <= 0.05 * 300
    if kind == "honest":
        assert found > 150


def answers(confidence: Sequence[float], free: Sequence[int], other: Sequence[int]) -> PairedAnswers:
    groups = np.arange(len(free), dtype=np.uint32)
    return PairedAnswers(np.array(confidence), np.array(free, bool), np.array(other, bool), groups)


def test_a_free_model_that_is_as_good_answers_everything() -> None:
    rows = 400
    same = [index % 10 > 0 for index in range(rows)]
    chosen = cascade_threshold(answers(np.linspace(0.1, 0.9, rows).tolist(), same, same), MARGIN)
    assert chosen is not None
    assert (chosen.share, chosen.confidence, chosen.accuracy) == (1.0, 0.1, 0.9)


def test_few_rows_bound_nothing_and_one_confidence_is_one_threshold() -> None:
    assert cascade_threshold(answers([0.5] * 40, [1] * 40, [1] * 40), MARGIN) is None
    assert cascade_threshold(answers([], [], []), MARGIN) is None
    chosen = cascade_threshold(answers([0.5] * 400, [1] * 400, [1] * 400), MARGIN)
    assert chosen is not None
    assert chosen.share == 1.0


def test_the_sure_half_is_taken_where_the_other_half_is_worse() -> None:
    rows = 2_000
    confidence = np.linspace(1, 0, rows)
    chosen = cascade_threshold(answers(confidence.tolist(), (confidence > 0.5).tolist(), [1] * rows), MARGIN)
    assert chosen is not None
    assert chosen.share == 0.5


def test_where_the_two_know_different_rows_what_is_better_than_either_is_not_given_away() -> None:
    confidence = np.linspace(1, 0, 1_000)
    sure = confidence > 0.5
    chosen = cascade_threshold(
        answers(confidence.tolist(), sure.tolist(), (~sure & (confidence > 0.1)).tolist()), MARGIN
    )
    assert chosen is not None
    assert (chosen.share, chosen.accuracy) == (0.5, 0.9)
    worse, cheaper = (CascadeThreshold(confidence=0.5, share=share, accuracy=0.9) for share in (0.2, 0.4))
    accurate = CascadeThreshold(confidence=0.5, share=0.1, accuracy=0.95)
    assert cheapest([worse, cheaper, worse], MARGIN) == 1
    assert cheapest([worse, cheaper, accurate], MARGIN) == 2
    assert cheapest([], MARGIN) is None
