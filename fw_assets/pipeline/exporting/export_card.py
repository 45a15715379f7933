"""README.md of an export: what the files are and how to load them, in the model card, before all else of it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from fw_assets.pipeline.exporting.exported_winner import ExportedWinner
from fw_assets.report.card.subject import Relation
from fw_assets.report.rendering.model_card import render_card
from fw_assets.report.schema.report import Report

_PACKAGES = {
    "language-model": ("torch", "transformers", "safetensors"),
    "encoders": ("numpy", "onnxruntime", "tokenizers"),
}
_FENCE = "```"


def card_text(report: Report | None, facts: ExportedWinner) -> str:
    """The card with the loading; without a report, that alone."""
    relation: Relation = "adapter" if facts.format == "adapter" else "finetune"
    loading = "\n\n".join(["## Files and how to load them", *_loading(facts), _origin(facts)])
    if report is None:
        return f"# {facts.name}\n\n{loading}\n"
    return render_card(
        _without_paths(report), licence=facts.licence, relation=relation, hub_id=_hub_id(facts), loading=loading
    )


def _without_paths(report: Report) -> Report:
    """The report without the commands that name its workspace: readers of the card are elsewhere."""
    snippets = report.snippets
    if snippets is None:
        return report
    before = tuple(line for line in snippets.before if not line.startswith("#"))
    return report.model_copy(update={"snippets": snippets.model_copy(update={"before": before})})


def _hub_id(facts: ExportedWinner) -> str:
    """Where a language model is from Hugging Face's hub, its id there."""
    return facts.source.partition("@")[0] if facts.kind == "language-model" and "/" in facts.source else ""


def _loading(facts: ExportedWinner) -> list[str]:
    asked = (
        "`prompt.json` is the request that it was evaluated with, `{text}` in place of a text: ask it with these "
        "messages, under the model's own chat template."
    )
    model = facts.name.rsplit("/", 1)[-1]
    if facts.format == "onnx":
        code = 'from pathlib import Path\n\nfrom classify import Classifier\n\nmodel = Classifier(Path("."))\n'
        code += 'print(model.predict(["a text"]), model.probabilities(["a text"]))'
        return [
            "`model.onnx` with `classify.py`, which turns texts into its inputs; needs numpy, onnxruntime and "
            'tokenizers alone. In this folder: `python classify.py "a text"`, or',
            _block("python", code),
            "It reads the text of the last turn, and no instructions.",
        ]
    if facts.format == "gguf":
        return [
            "`model.gguf`, in float16, or float32 where that answered otherwise, for llama.cpp and what builds on it:",
            _block("sh", f"llama-server -m model.gguf        # or: ollama create {model} -f <(echo FROM ./model.gguf)"),
            asked + " `labels.json` lists the labels, and what is written for each.",
        ]
    if facts.format == "merged":
        code = (
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            'tokenizer, model = AutoTokenizer.from_pretrained("."), AutoModelForCausalLM.from_pretrained(".")'
        )
        head = (
            "The label is read by `head.safetensors`: the logits are 20 times the cosine of the state of the prompt's "
            "last token with each row of `directions`, plus `bias`; the order is that of `labels.json`."
        )
        read = "`labels.json` lists the labels, and what is written for each."
        return [
            "The whole model in Hugging Face's form; the adapter is in the weights. `vllm serve .` serves it, too.",
            _block("python", code),
            f"{asked} {read if facts.readout == 'generate' else head}",
        ]
    return [*_adapter(facts), asked]


def _adapter(facts: ExportedWinner) -> list[str]:
    if facts.kind == "hosted":
        return ["The adapter as the platform gives it. It was not asked again here, since its base model is not here."]
    if facts.kind != "language-model":
        return [
            "`model.safetensors` and `manifest.json`, which the embedded platform of fw-assets loads. "
            + ("" if facts.kind == "record" else "`fw-assets export --format onnx` is for other programs.")
        ]
    id, _, revision = facts.source.partition("@") if _hub_id(facts) else ("BASE", "", "")
    named = f'"{id}", revision="{revision}"' if revision else f'"{id}"'
    code = (
        "from peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n\n"
        f'model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained({named}), ".")'
    )
    said = [
        "A LoRA adapter in PEFT's form; over other weights than those that it was trained on it answers otherwise. "
        f"{_base_folder(facts)}",
        _block("python", code),
    ]
    if facts.readout == "head":
        said.append("Its labels are read by `head.safetensors`, which `manifest.json` describes.")
    if not facts.portable:
        said.append(
            "The base model alone reads the instructions, which other programs cannot do: they load it, and their "
            "answers differ. Fine-tuned under `FW_PORTABLE_ADAPTERS=1` it is served by others as it was evaluated."
        )
    elif facts.readout == "generate":
        base = f"{id} --revision {revision}" if revision else id
        said.append(f"`vllm serve {base} --enable-lora --lora-modules label=.` serves it, too.")
    return said


def _base_folder(facts: ExportedWinner) -> str:
    """What BASE stands for, where no hub has the base model."""
    if _hub_id(facts):
        return ""
    if facts.source:
        command, told = "fw-assets setup llm", f"makes it of {facts.source}, and tells where it is and"
    else:
        command, told = f"fw-assets models add {facts.base_model} BASE", "tells"
    return (
        f"BASE is the folder of the base model {facts.base_model}; `{command}` {told} the SHA-256 of its files, which "
        f"is that below. `adapter_config.json` calls it {facts.base_model}, and PEFT finds it nowhere by that: give "
        "PEFT the model as here, or write BASE there."
    )


def _origin(facts: ExportedWinner) -> str:
    proof = f"It gave the answer of its evaluation on {facts.replayed} of {facts.replayed} test rows, asked again."
    packages = ", ".join(
        f"{name} {number}" for name in ("fw-assets", *_PACKAGES.get(facts.kind, ())) if (number := _version(name))
    )
    base = facts.base_model
    if facts.digest:
        source = f" from {facts.source}" if facts.source else ""
        base += f"{source}, SHA-256 of its files as `fw-assets models add` tells it: `{facts.digest}`"
    written = f"Exported from `{facts.name}` (base model {base}) with {packages}."
    return f"{written} {proof}" if facts.replayed else written


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _block(language: str, code: str) -> str:
    return f"{_FENCE}{language}\n{code}\n{_FENCE}"
