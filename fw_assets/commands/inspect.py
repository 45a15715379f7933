"""Commands that read results: status, report, compare."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from fw_assets.commands.dataset_states import DatasetState, Spent, dataset_states
from fw_assets.console import echo, echo_json, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.reporting.report_files import whole_report
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.report.formatting import percent
from fw_assets.workspace.envelope import slug
from fw_assets.workspace.workspace import Workspace

if TYPE_CHECKING:
    from fw_assets.report.sections.model_comparison import ModelComparison


def status(root: str, name: str | None, *, as_json: bool) -> int:
    """Print the state of one dataset, or of all."""
    states = dataset_states(root, name)
    if as_json:
        echo_json({"datasets": [state.model_dump(mode="json") for state in states]})
        return DONE
    table = Table("dataset", "state", "where it stands", box=None, pad_edge=False)
    for state in states:
        table.add_row(state.dataset, state.state, _outcome(state) + state.note + _costs(state))
    if states:
        out.print(table)
    else:
        start = command(Workspace(root), "run", "FILE", "--model", "MODEL")
        out.print(f"No datasets in {root} yet. Start with: {start}", soft_wrap=True)
    return DONE


def _outcome(state: DatasetState) -> str:
    """The model that a report names, in words; empty without a report."""
    if state.winner is None:
        return ""
    right = "" if state.accuracy is None else f", {percent(state.accuracy)} of the test rows right"
    return f"{slug(state.winner)}{right}; "


def _costs(state: DatasetState) -> str:
    """The costs of a deployment's regression checks and of labelled files, in words; empty if there were none."""
    return _cost("regression checks", state.regression_checks) + _cost("files labelled", state.predictions)


def _cost(what: str, spent: Spent) -> str:
    if not spent.payments and not spent.held_usd:
        return ""
    held = f", ${spent.held_usd:,.2f} held" if spent.held_usd else ""
    return f"; {spent.payments} {what}, ${spent.paid_usd:,.2f} paid{held}"


def report(root: str, name: str, *, open_it: bool, card: bool, as_json: bool) -> int:
    """Print the report, or with `card` the model card, which is made of report.json, of earlier versions too."""
    store = Workspace(root)
    registered_dataset(store, name)
    content = whole_report(store, name)
    text = store.read_text(name, "final_report.md")
    if text is None or content is None:
        raise FileNotFoundError(f"{name} has no report yet: {due(store, name, driver=None).note}")
    if card:
        from fw_assets.report.rendering.model_card import render_card
        from fw_assets.report.schema.report import Report

        text = render_card(Report.model_validate_json(content))
    if as_json:
        echo_json({"dataset": name, "card": text} if card else json.loads(content))
    else:
        echo(text)
    if open_it:
        if store.is_local:
            page = store.local(name, "final_report.html")
        else:
            page = Path(tempfile.mkdtemp(prefix="fw-assets-")) / "final_report.html"
            store.download(page, name, page.name)
        webbrowser.open(page.as_uri())
    return DONE


def compare(root: str, first: str, second: str, *, as_json: bool) -> int:
    """Compare two evaluated models."""
    from fw_assets.report.rendering.terminal import comparison_view, show

    comparison = comparison_of(Workspace(root), first, second)
    if as_json:
        echo_json(comparison.as_json())
    else:
        show(comparison_view(comparison), out)
    return DONE


def comparison_of(store: Workspace, first: str, second: str) -> ModelComparison:
    """Two evaluated models, each as `DATASET`, `DATASET/MODEL` or `DATASET/MODEL:KIND`, on the rows that they share.

    Raises:
        InputError: there is no such model, or they share no row.
    """
    from fw_assets.pipeline.reporting.compare import compare_models
    from fw_assets.pipeline.reporting.evaluated_models import find_model
    from fw_assets.report.sections.model_comparison import ModelComparison

    pair = compare_models(store, find_model(store, first), find_model(store, second))
    sides = (str(pair.first), pair.first_scores), (str(pair.second), pair.second_scores)
    return ModelComparison(*sides, pair.comparison, pair.rows)
