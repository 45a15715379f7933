from __future__ import annotations

from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from fw_assets.report.rendering.model_card import render_card
from fw_assets.report.schema.report import DeploymentResult, Report
from fw_assets_tests.report.advice.test_headline import KEPT, decided
from fw_assets_tests.report.confusion.test_tables import several_labels
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report


def parts(report: Report, **files: Any) -> tuple[dict[str, Any], str]:
    """The front matter and the rest, as a reader of Markdown parts them."""
    text = render_card(report, **files)
    assert text.startswith("---\n")
    front, rest = text.removeprefix("---\n").split("\n---\n", 1)
    return yaml.safe_load(front), rest


def test_the_front_matter_is_what_the_hub_reads() -> None:
    report = sample_report()
    tuned = report.candidates[0].tuned
    assert tuned is not None
    front, _ = parts(report)
    assert front["pipeline_tag"] == "text-classification"
    assert front["base_model"] == "accounts/fireworks/models/minilm-ngram"
    assert front["base_model_relation"] == "adapter"
    assert front["datasets"] == ["support-intents"]
    assert "license" not in front
    (model,) = front["model-index"]
    assert model["name"] == "fwa-minilm-ngram-1f0c9a"
    (result,) = model["results"]
    assert result["task"]["type"] == "text-classification"
    assert result["dataset"] == {
        "name": "support-intents",
        "type": "support-intents",
        "split": "test",
        "revision": "5f5f",
    }
    assert {"type": "accuracy", "name": "Accuracy", "value": round(tuned.accuracy, 4)} in result["metrics"]
    assert all(0 <= metric["value"] <= 1 for metric in result["metrics"])


def test_a_licence_that_is_known_and_whole_weights_are_in_both_parts() -> None:
    front, text = parts(sample_report(), licence="apache-2.0", relation="finetune")
    assert (front["license"], front["base_model_relation"]) == ("apache-2.0", "finetune")
    assert "The licence of its base model holds: apache-2.0." in text
    assert "none is recorded here" in parts(sample_report())[1]


def test_a_fine_tuned_winner_is_described_from_its_data_to_its_versions() -> None:
    _, text = parts(sample_report())
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == [
        "`fwa-minilm-ngram-1f0c9a`",
        "Intended use",
        "Training data",
        "Training procedure",
        "Evaluation",
        "Limits",
        "Prompt",
        "How to use",
        "Versions",
    ]
    for expected in ("| LoRA rank | 8 |", "1.5e-4", "1,200 rows", "91.7% (", "curl --fail"):
        assert expected in text


@pytest.mark.parametrize(
    ("deployment", "winner", "absent"),
    [
        (decided("keep-base", why="One label lost."), None, "curl"),
        (decided("keep-base"), KEPT, "## Training procedure"),
        (decided("not-asked"), None, "curl"),
    ],
)
def test_what_was_not_deployed_has_a_card_that_says_so(deployment: DeploymentResult, winner: Any, absent: str) -> None:
    changes = {"winner": winner} if winner else {}
    front, text = parts(sample_report(deployment=deployment, **changes))
    assert absent not in text
    assert ("base_model" in front) == (winner is None)
    if winner is None:
        assert "run the dataset again with deploy set to always" in text
    else:
        assert text.strip().startswith("# `minilm-ngram`, evaluated on `support-intents`")
    if deployment.why:
        assert "It was not deployed: One label lost." in text


def test_a_run_without_a_verdict_has_a_reason_in_place_of_a_card() -> None:
    report = sample_report(
        status="incomplete", incomplete=("the ceiling was reached",), winner=None, deployment=decided("incomplete")
    )
    text = render_card(report)
    assert text.startswith("# No model card\n")
    assert "the ceiling was reached." in text


def test_hostile_names_and_labels_neither_break_the_front_matter_nor_render() -> None:
    name = 'a"b: {c}\n---\n# <script>alert(1)</script> \u202e'
    front, text = parts(sample_report(labels=LABELS, texts=TEXTS, dataset=name))
    assert "\n" not in front["datasets"][0]
    assert "<script>alert(1)</script>" in front["datasets"][0]
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inner = {child.type for token in tokens for child in token.children or []} | {token.type for token in tokens}
    assert not {"html_block", "html_inline", "image", "link_open"} & inner
    assert "\u202e" not in text


def test_several_labels_and_many_labels_have_cards_too() -> None:
    front, text = parts(several_labels())
    assert "multi-label" in front["tags"]
    assert front["model-index"][0]["results"][0]["metrics"][0]["name"] == "Exact sets"
    assert "any number of 4 labels" in text
    many = render_card(sample_report(labels=tuple(f"label {index}" for index in range(2_000)), rows=3_000))
    assert "The 100 weakest of 2,000 labels." in many
    assert len(many) < 400_000
