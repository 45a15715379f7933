"""Candidates of a run against each other, from the predictions in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.metrics.scores import Scores, score
from fw_assets.classification.selection.selection import Candidate, Winner, choose_winner
from fw_assets.pipeline.reporting.candidate_pairs import candidate_pairs
from fw_assets.report.assembly.pairs import Model
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.classification.prediction_frames import frame
from fw_assets_tests.report.workflow import planned

LABELS = ("a", "b")
# A weak model that can be tuned beside a strong one that cannot: rows right of 300.
RIGHT: dict[Model, int] = {("weak", "base"): 180, ("weak", "tuned"): 270, ("strong", "base"): 276}


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def filled(store: Workspace) -> dict[Model, Scores]:
    scores = {}
    for (slug, kind), right in RIGHT.items():
        predictions = frame([(["a"], ["a"])] * right + [(["a"], ["b"])] * (300 - right))
        store.write_frame(predictions, *prediction_path("one", slug, kind, "test"))
        scores[slug, kind] = score(predictions, LABELS, False)
    return scores


def chosen(scores: dict[Model, Scores]) -> Winner:
    return choose_winner(
        [
            Candidate(model=slug, kind="tuned" if kind == "tuned" else "base", validation=item.headline)
            for (slug, kind), item in scores.items()
        ]
    )


def test_the_best_tuned_model_is_compared_with_the_best_that_needs_no_tuning(store: Workspace) -> None:
    scores = filled(store)
    winner = chosen(scores)
    assert (winner.model, winner.kind, winner.untuned, winner.challenger) == ("strong", "base", "strong", "weak")
    pairs = candidate_pairs(store, "one", planned()[0], winner, scores)
    assert pairs.choice is not None
    assert (pairs.choice.first, pairs.choice.second) == ("strong", "weak")
    assert pairs.choice.difference == pytest.approx(-0.02)
    assert pairs.choice.verdict == "worse"
    assert len(pairs.pairs) == 3


def test_what_validation_chose_is_judged_alone(store: Workspace) -> None:
    scores = filled(store)
    pairs = candidate_pairs(store, "one", planned()[0], chosen(scores), scores)
    levels = {(pair.first, pair.first_kind, pair.second, pair.second_kind): pair.level for pair in pairs.pairs}
    assert levels == {
        ("weak", "tuned", "strong", "base"): 0.05,
        ("weak", "base", "weak", "tuned"): 0.05,
        ("weak", "base", "strong", "base"): 0.05,
    }
    own = pairs.own("weak")
    assert own is not None
    assert own.verdict == "better"
    assert pairs.own("strong") is None
