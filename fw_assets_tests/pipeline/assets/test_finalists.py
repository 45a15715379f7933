"""Finalists are chosen by what mistakes cost where the session says it, as the winner is."""

from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets_tests.project import Project


@pytest.mark.usefixtures("watched")
def test_base_models_are_ranked_by_the_cost_of_their_mistakes(project: Project) -> None:
    costs = {"account": {"billing": 25}}
    options = ("--finalists", "1", "--lora-rank", "8", "--learning-rate", "0.01", "--epochs", "1", "--deploy", "never")
    done = project.run(*project.workflow("--model", "minilm-ngram", "--costs", json.dumps(costs), *options))
    assert done.returncode == 0, done.stderr
    folder = project.workspace / "tickets"
    record = json.loads((folder / "assets" / "finalists.json").read_text("utf-8"))["value"]
    paid, right = {}, []
    for model in ("char-ngram", "minilm-ngram"):
        answers = pl.read_parquet(folder / "predictions" / f"{model}-base-validation.parquet").sort("id")
        right.append(answers["outcome"] == "correct")
        pairs = zip(*(answers[column].list.first() for column in ("gold", "predicted")), strict=True)
        paid[model] = sum(0 if a == b else costs.get(a, {}).get(b, 1) for a, b in pairs) / answers.height
    first, second = record["finalists"]["ranked"]
    assert {item["model"]: item["cost"]["value"] for item in (first, second)} == pytest.approx(paid)
    assert first["why"].endswith(f": mistakes that cost {1000 * paid[first['model']]:,.0f} for 1,000 rows")
    assert record["slugs"] == [first["model"]], "the other model has no costs after fine-tuning"
    assert (folder / "final_report.md").exists()
    said, share = " ".join(done.stderr.split()), f"{100 * (right[0] != right[1]).sum() / right[0].len():.1f}%"
    assert " on the validation rows); a smaller one less often." in said, "what can be seen is said again"
    assert share in said
