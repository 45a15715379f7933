"""Finalists are chosen by what mistakes cost where the session says it, as the winner is."""

from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets_tests.project import Project


@pytest.mark.usefixtures("watched")
def test_base_models_are_ranked_by_the_cost_of_their_mistakes(project: Project) -> None:
    costs = {"account": {"billing": 25}}
    done = project.run(*project.workflow("--benchmark-only", "--costs", json.dumps(costs)))
    assert done.returncode == 0, done.stderr
    folder = project.workspace / "tickets"
    (ranked,) = json.loads((folder / "assets" / "finalists.json").read_text("utf-8"))["value"]["finalists"]["ranked"]
    answers = pl.read_parquet(folder / "predictions" / "char-ngram-base-validation.parquet")
    gold, given = (answers[column].list.first() for column in ("gold", "predicted"))
    paid = [0 if a == b else costs.get(a, {}).get(b, 1) for a, b in zip(gold, given, strict=True)]
    assert ranked["cost"]["value"] == pytest.approx(sum(paid) / len(paid))
    assert ranked["why"] == f"best on validation: mistakes that cost {1000 * sum(paid) / len(paid):,.0f} for 1,000 rows"
