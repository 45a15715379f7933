"""Runs of labelling, as the workspace keeps them: what goes on, and what was begun from something else."""

from __future__ import annotations

from fw_assets.classification.errors import input_error
from fw_assets.classification.values import digest
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.registration.sources import local_file
from fw_assets.pipeline.values.prediction import PredictionRun
from fw_assets.workspace.workspace import Workspace

_ASSET = "prediction_run"


def open_run(
    store: Workspace, dataset: str, wanted: LabelRequest, record: str, sha256: str
) -> tuple[PredictionRun, list[str]]:
    """The run that goes on, or a new one, and why it does not go on.

    Args:
        record: digest of what is asked.

    Raises:
        InputError: the output is there already, and no run has written it.
    """
    options = [wanted.options.model_dump(mode="json"), wanted.system, wanted.probabilities, wanted.free]
    options += ["cascade"] if wanted.cascade else []
    id = digest([sha256, record, options], 16)
    before = store.read(_ASSET, dataset, PredictionRun, _slug(wanted))
    if before is None and wanted.out.exists():
        raise input_error(
            f"{wanted.out} is there already, and was not written by this command",
            kind="output",
            field="--out",
            advice="Name another file, or move that one away. Nothing was asked.",
        )
    if before is not None and before.id == id:
        return before, []
    run = PredictionRun(id=id, out=str(wanted.out.absolute()), source=wanted.file, sha256=sha256, record=record)
    if before is None:
        return run, []
    if before.sha256 != sha256:
        why = f"{wanted.file} is not what {wanted.out} was begun from"
    elif before.record != record:
        why = f"another model is deployed for {dataset} by now"
    else:
        why = "the options are others than before"
    return run, [f"{why}: every row is asked anew"]


def _slug(wanted: LabelRequest) -> str:
    return f"file-{digest(str(local_file(str(wanted.out))))}"


def store_run(store: Workspace, dataset: str, wanted: LabelRequest, run: PredictionRun) -> None:
    """Keep a run under its output's path."""
    store.write(_ASSET, dataset, run, inputs="", model=_slug(wanted))


def forget_run(store: Workspace, dataset: str, wanted: LabelRequest) -> None:
    """Forget a run whose output was of the moment; its answers are found again by the content of the file."""
    store.remove(_ASSET, dataset, _slug(wanted))
