"""Export of the fine-tuned winner: its files in a form that other programs load, asked again before they are kept."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fw_assets.classification.arm import without_arm
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.errors import input_error
from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.pipeline.errors.answers import NotWhatWasEvaluated
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.serving_proof import rows_to_replay
from fw_assets.pipeline.exporting.export_card import card_text
from fw_assets.pipeline.exporting.exported_winner import ExportedWinner, ExportFormat
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.asked_prompt import asked_prompt
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.pipeline.values.served_prompt import served_opening, served_prompt
from fw_assets.pipeline.workflow.owner import require_its_platform
from fw_assets.report.schema.report import Report
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

PROMPT_FILE = "prompt.json"
CARD_FILE = "README.md"
_PLACE = "{text}"


@dataclass(frozen=True)
class _Evaluated:
    """Rows of the evaluation: the body of each one's request, and what was answered."""

    prompt: Prompt
    bodies: tuple[bytes, ...]
    labels: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...]


def export_winner(
    store: Workspace, platform: Platform, dataset: str, form: ExportFormat, folder: Path
) -> ExportedWinner:
    """Write the fine-tuned winner of a dataset into a new folder, with its prompt and its model card.

    Raises:
        FileNotFoundError: nothing was decided yet.
        InputError: the folder is not empty, or the model has no such form.
        PhaseError: the winner is not fine-tuned.
        NotWhatWasEvaluated: what was written answers otherwise than what was evaluated; nothing is left.
        FireworksError: the platform does not give the model's files.
    """
    require_its_platform(store, platform.name)
    record = store.require("deployment", dataset, DeploymentRecord)
    if record.winner.kind != "tuned":
        raise PhaseError(
            f"the winner of {dataset} is {record.winner.model} as it is: nothing was fine-tuned that could be exported"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise input_error(f"{folder} is there and not empty", field="--out", advice="Name a new folder.")
    if form != "adapter" and not platform.is_embedded:
        raise input_error(
            f"a model of {platform.name} has its adapter alone", field="--format", advice="Give --format adapter."
        )
    slug = record.winner.model
    trained = store.require("metrics", dataset, TunedMetrics, slug).tuned_model
    name = record.model if record.deployed else without_arm(trained)
    prompt = served_prompt(store, dataset, record) if record.deployed else asked_prompt(store, dataset, slug, "tuned")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        files, written = Path(temporary) / "files", Path(temporary) / "written"
        platform.call(lambda client: client.download_model_files(name, files))
        if platform.is_embedded:
            evaluated = _evaluated_rows(store, dataset, slug, prompt, name)
            facts = _export(platform, files, form, written, evaluated, name)
        else:
            shutil.copytree(files, written)
            facts = ExportedWinner(name=name, format=form, base_model=slug, source=slug, kind="hosted")
        opening = served_opening(store, dataset, record)
        asked = request(prompt, json.dumps(opening.conversation(_PLACE, None)))
        (written / PROMPT_FILE).write_text(json.dumps(asked, ensure_ascii=False, indent=1), "utf-8")
        text = store.read_text(dataset, "report.json")
        report = None if text is None else Report.model_validate_json(text)
        facts = facts.model_copy(
            update={"dataset": dataset, "deployed": record.deployed, "out": str(folder), "files": _listed(written)}
        )
        (written / CARD_FILE).write_text(card_text(report, facts), "utf-8")
        if folder.exists():
            folder.rmdir()
        written.replace(folder)
    return facts


def _export(
    platform: Platform, files: Path, form: ExportFormat, written: Path, evaluated: _Evaluated, name: str
) -> ExportedWinner:
    """Export and replay; where rounded weights answer otherwise, once more those in float32."""
    agreed: list[bool] = []
    for exact in (False, True) if form in ("merged", "gguf") else (True,):
        shutil.rmtree(written, ignore_errors=True)
        try:
            exported = platform.export_model(files, form, written, evaluated.bodies, exact=exact)
        except (ValueError, RuntimeError) as error:
            raise input_error(str(error)) from None
        agreed = [
            _labels(evaluated.prompt, answer) == labels
            for answer, labels in zip(exported.answers, evaluated.labels, strict=True)
        ]
        if all(agreed):
            return ExportedWinner(
                name=name,
                format=form,
                base_model=exported.base_model,
                source=exported.source,
                licence=exported.licence,
                digest=exported.digest,
                kind=exported.kind,
                readout=exported.readout,
                portable=exported.portable,
                replayed=len(agreed),
            )
    row = agreed.index(False)
    raise NotWhatWasEvaluated(
        f"exported as {form}, {name} gives another answer than in its evaluation on {agreed.count(False)} of "
        f"{len(agreed)} rows, the first of them {evaluated.texts[row][:80]!r}: nothing was written. `--format adapter` "
        "is the model as it is."
    )


def _evaluated_rows(store: Workspace, dataset: str, slug: str, prompt: Prompt, name: str) -> _Evaluated:
    """The rows that a deployment would be asked again: those first to which base and tuned model differ."""
    kinds = ("base", "tuned")
    answers = rows_to_replay(*(prediction_batches(store, dataset, slug, kind, "test") for kind in kinds))
    rows = Batches(split_rows(store, dataset)).rows_with_ids(answers["id"])
    found = rows.select("id", "messages").join(answers.select("id", "tuned"), on="id")
    messages = found.get_column("messages").to_list()
    bodies = (json.dumps({**request(prompt, row), "model": name}).encode() for row in messages)
    return _Evaluated(
        prompt=prompt,
        bodies=tuple(bodies),
        labels=tuple(tuple(labels) for labels in found.get_column("tuned").cast(pl.List(pl.String)).to_list()),
        texts=tuple(map(input_text, messages)),
    )


def _labels(prompt: Prompt, answer: str) -> tuple[str, ...]:
    return parse_answer(prompt, Completion(text=answer, finish_reason="stop", refusal=None)).labels


def _listed(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in folder.iterdir()))
