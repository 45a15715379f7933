"""Commands that read results: status, report, compare."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from rich.table import Table

from fw_assets.classification.cost.ledger import Ledger
from fw_assets.classification.errors import InputError
from fw_assets.classification.visible_text import printable
from fw_assets.console import echo, echo_json, err, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.automation.scan import refused_files
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.budget.attempts import waits_for_signature
from fw_assets.pipeline.budget.prediction_account import prediction_ledger
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.evaluation.removed_deployment import removed_deployments
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.reporting.report_files import whole_report
from fw_assets.pipeline.standing import retry_advice, standings
from fw_assets.pipeline.values.delivery import ReportRecord
from fw_assets.report.formatting import percent
from fw_assets.workspace.envelope import slug
from fw_assets.workspace.workspace import Workspace


def status(root: str, name: str | None, *, as_json: bool) -> int:
    """Print the state of one dataset, or of all."""
    store = Workspace(root)
    refused = refused_files(store)
    if name:
        if name not in refused:
            registered_dataset(store, name)
        refused = {item: why for item, why in refused.items() if item == name}
        names = [name] if name in store.datasets() else []
    else:
        store = take_snapshot(store)
        names = store.datasets()
    status_of = standings(store, names, driver=None)
    checks = {item: _ledger(store, item, regression_ledger) for item in names}
    labelled = {item: _ledger(store, item, prediction_ledger) for item in names}
    removed = removed_deployments(platform_from_environment, store, [i for i in names if status_of[i].state == "done"])
    notes = {item: _signed(root, item, status.note) + _removal(removed, item) for item, status in status_of.items()}
    notes |= {
        item: f"{note}; its newer file was not taken: {refused.pop(item)}"
        for item, note in notes.items()
        if item in refused
    }
    results = {item: _result(store, item) if status.state == "done" else None for item, status in status_of.items()}
    if as_json:
        echo_json(
            {
                "datasets": [
                    {
                        "dataset": item,
                        "state": status.state,
                        "note": notes[item],
                        "due": [step.key for step in status.steps],
                        "winner": result.winner if (result := results[item]) else None,
                        "accuracy": result.accuracy if result else None,
                        "regression_checks": {"paid_usd": checks[item].spent, "held_usd": checks[item].reserved},
                        "predictions": {"paid_usd": labelled[item].spent, "held_usd": labelled[item].reserved},
                    }
                    for item, status in status_of.items()
                ]
                + [_refused(item, why) for item, why in refused.items()]
            }
        )
        return DONE
    table = Table("dataset", "state", "where it stands", box=None, pad_edge=False)
    for item, status in status_of.items():
        table.add_row(item, status.state, _outcome(results[item]) + notes[item] + _costs(checks[item], labelled[item]))
    for item, why in refused.items():
        table.add_row(item, "failed", why)
    out.print(table if table.row_count else f"No datasets in {root} yet. Start with: fw-assets run FILE --model MODEL")
    return DONE


def _refused(name: str, why: str) -> dict[str, Any]:
    """A dataset whose file could not be registered, in the shape of the others."""
    nothing = {"paid_usd": 0.0, "held_usd": 0.0}
    return {
        "dataset": name,
        "state": "failed",
        "note": why,
        "due": [],
        "winner": None,
        "accuracy": None,
        "regression_checks": nothing,
        "predictions": nothing,
    }


def _result(store: Workspace, name: str) -> ReportRecord | None:
    """What a dataset's report says; one that is damaged keeps no other dataset from being listed."""
    try:
        return store.read("report", name, ReportRecord)
    except (InputError, OSError) as error:
        err.print(f"fw-assets: {printable(message_of(error))}", markup=False)
        return None


def _outcome(result: ReportRecord | None) -> str:
    """The model that a report names, in words; empty without a report."""
    if result is None:
        return ""
    right = "" if result.accuracy is None else f", {percent(result.accuracy)} of the test rows right"
    return f"{slug(result.winner)}{right}; "


def _ledger(store: Workspace, name: str, read: Callable[[Workspace, str], Ledger]) -> Ledger:
    """A ledger of costs outside the plan; one that is damaged keeps no other dataset from being listed."""
    try:
        return read(store, name)
    except (InputError, OSError) as error:
        err.print(f"fw-assets: {printable(message_of(error))}", markup=False)
        return Ledger()


def _signed(root: str, name: str, note: str) -> str:
    """The note with what a failed attempt waits for, since nothing else starts it again."""
    signature = _signature(root, name)
    return note.removesuffix(f"; {retry_advice(name)}") + signature if signature else note


def _signature(root: str, name: str) -> str:
    """What a failed attempt waits for, in words; empty if none has failed since the last approval."""
    try:
        if not waits_for_signature(Workspace(root), name):
            return ""
    except InputError as error:
        return f"; {message_of(error)}"
    return f"; an attempt failed on the platform: approve again to try once more (fw-assets run {name} --approve)"


def _removal(removed: Collection[str], name: str) -> str:
    """What brings a removed deployment back, in words; empty where it is there, or nobody knows."""
    return f"; its deployment was removed on the platform: fw-assets deploy {name}" if name in removed else ""


def _costs(checks: Ledger, labelled: Ledger) -> str:
    """The costs of a deployment's regression checks and of labelled files, in words; empty if there were none."""
    return _cost("regression checks", checks) + _cost("files labelled", labelled)


def _cost(what: str, ledger: Ledger) -> str:
    if not ledger.entries and not ledger.reservations:
        return ""
    held = f", ${ledger.reserved:,.2f} held" if ledger.reserved else ""
    return f"; {len(ledger.entries)} {what}, ${ledger.spent:,.2f} paid{held}"


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
    from fw_assets.pipeline.reporting.compare import compare_models
    from fw_assets.pipeline.reporting.evaluated_models import find_model
    from fw_assets.report.rendering.terminal import comparison_view, show
    from fw_assets.report.sections.model_comparison import ModelComparison

    store = Workspace(root)
    pair = compare_models(store, find_model(store, first), find_model(store, second))
    comparison = ModelComparison(
        (str(pair.first), pair.first_scores),
        (str(pair.second), pair.second_scores),
        pair.comparison,
        pair.rows,
    )
    if as_json:
        echo_json(comparison.as_json())
    else:
        show(comparison_view(comparison), out)
    return DONE
