"""Labels of a table without rows: its columns and those of the labels, with nothing asked."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.unlabelled.input_table import InputTable
from fw_assets.pipeline.free_models.free_abstention import free_abstention
from fw_assets.pipeline.free_models.free_model import free_model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.label_request import LabelRequest, check_probabilities
from fw_assets.pipeline.prediction.labelled_rows import LabelledRows
from fw_assets.pipeline.prediction.served import served_model
from fw_assets.pipeline.values.prediction import LabelledFile
from fw_assets.pipeline.workflow.owner import require_its_platform
from fw_assets.workspace.workspace import Workspace


def label_no_rows(
    store: Workspace,
    platform: Platform,
    dataset: str,
    frame: pl.DataFrame,
    wanted: LabelRequest,
) -> tuple[pl.DataFrame, LabelledFile]:
    """The table as it is when it has rows, but for these, and counts of nothing.

    Raises:
        PhaseError: nothing serves the winner, or it gives no probabilities.
    """
    by = ""
    if wanted.free:
        model, plan = free_model(store, platform, dataset), store.require("plan", dataset, Plan)
        name, prompt, abstention = model.method, model.prompt, free_abstention(store, plan, model.name)
    else:
        require_its_platform(store, platform.name)
        served = served_model(store, dataset)
        name, prompt, abstention = served.address, served.prompt, served.abstention
        by = name if wanted.cascade else ""
    check_probabilities(wanted, prompt, name)
    table = InputTable(tuple(frame.columns), frozenset(), rows=0, empty=0, read_as="a table without rows", files=())
    labelled = LabelledRows(table, lambda: iter(()), prompt, abstention.at(wanted.threshold), wanted.probabilities, by)
    counts = dict.fromkeys(("rows", "labelled", "abstained", "no_label", "unanswered", "empty"), 0)
    result = LabelledFile(
        out="",
        **counts,
        repeats=0,
        over_context=0,
        threshold=labelled.abstention.threshold,
        model=name,
        notes=tuple(labelled.renamed),
    )
    return labelled.without_rows(frame), result
