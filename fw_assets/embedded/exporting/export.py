"""Export of a tuned model from its files, and the answers of what was exported to the same requests."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fw_assets.embedded.engine import record_model, tuned_model
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.registry import find_base_model, language_model_of
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.exporting.onnx_classifier import write_classifier
from fw_assets.embedded.exporting.onnx_scorer import OnnxScorer
from fw_assets.embedded.inference.answer_constraint import read_constraint
from fw_assets.embedded.inference.chat_request import read_request
from fw_assets.embedded.inference.choose import choose
from fw_assets.embedded.inference.model_cache import LoadedModel, load_files, taught

ExportFormat = Literal["adapter", "merged", "gguf", "onnx"]
_CONVERTED = "it is exported with --format"


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        base_model: id of the base model; source: where others find its weights, empty for a folder; licence: of these,
            as their card names it, empty where it names none; digest: SHA-256 of a language model's files, empty for
            others.
        kind: `language-model`, `encoders`, or `record` for models whose answers are objects of several fields.
        readout: how a language model's label is read, `head` or `generate`; empty for others.
        portable: whether other programs read its prompts as this platform does.
        answers: of the exported model, by request.
    """

    base_model: str
    source: str
    licence: str
    kind: str
    readout: str
    portable: bool
    answers: tuple[str, ...]
    digest: str = ""


def export_model(
    files: Path, form: ExportFormat, folder: Path, cache: Path, requests: Sequence[bytes], *, exact: bool = False
) -> Exported:
    """Write a tuned model in another form, load what was written, and ask it.

    Args:
        files: the folder of the tuned model's files.
        folder: the new folder.
        cache: the folder for files that can be computed again.
        requests: bodies of chat completions.
        exact: weights in float32, where the form leaves the choice.

    Raises:
        EngineError: the model has no such form, or its files are damaged.
        WeightsError: weights that it needs are missing.
    """
    with tuned_model.intact(files):
        manifest = tuned_model.read_manifest(files)
    if manifest["format"] == tuned_model.ADAPTER_FORMAT:
        return _language_model(files, manifest, form, folder, cache, requests, exact=exact)
    is_record = record_model.is_record_model(files)
    base = manifest["base_model"] if is_record else manifest["spec"]["base_model"]
    if form == "adapter":
        shutil.copytree(files, folder, dirs_exist_ok=True)
        model = load_files(base, folder, cache)
    elif form != "onnx":
        raise EngineError(f"{base} is no language model, so that it has no {form} form; {_CONVERTED} adapter or onnx")
    elif is_record:
        raise EngineError(f"a model that answers with several fields has no ONNX form; {_CONVERTED} adapter")
    else:
        write_classifier(tuned_model.load(files), folder, cache)
        model = taught(OnnxScorer(folder, manifest["notes"]), base, files)
    kind = "record" if is_record else "encoders"
    licence = find_base_model(base).licence
    return Exported(base, base, licence, kind, "", form == "onnx", _answers(model, requests))


def _language_model(
    files: Path,
    manifest: Mapping[str, Any],
    form: ExportFormat,
    folder: Path,
    cache: Path,
    requests: Sequence[bytes],
    *,
    exact: bool,
) -> Exported:
    base: str = manifest["base_model"]
    if form == "onnx":
        raise EngineError(f"{base} is a language model, which has no ONNX form; {_CONVERTED} adapter, merged or gguf")
    model = language_model_of(base, manifest["base_source"])
    from fw_assets.embedded.exporting import language_model_export as exporting

    scorer, tuned = exporting.export(files, model, form, folder, cache, exact=exact)
    return Exported(
        base_model=base,
        source=tuned.base_source,
        licence=find_base_model(base).licence,
        kind="language-model",
        readout=tuned.readout,
        portable=tuned.adapted_prefix,
        answers=_answers(taught(scorer, base, files), requests),
        digest=model.digest,
    )


def _answers(model: LoadedModel, bodies: Sequence[bytes]) -> tuple[str, ...]:
    answers = []
    for body in bodies:
        request = read_request(body)
        try:
            (choices,) = choose(model, read_constraint(bytes(request.response_format)), [request])
        except RpcError as error:
            raise EngineError(error.message) from None
        answers.append("".join(choices[0].parts))
    return tuple(answers)
