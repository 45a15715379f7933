"""Commands that read results: status, report, predict, compare."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from collections.abc import Collection
from pathlib import Path

from rich.table import Table

from fw_assets.classification.cost.ledger import Ledger
from fw_assets.classification.errors import InputError
from fw_assets.classification.visible_text import printable
from fw_assets.commands.render import registered_dataset
from fw_assets.console import echo, echo_json, err, out
from fw_assets.exit_codes import DONE, FAILED
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.budget.attempts import waits_for_signature
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.errors import NotServed
from fw_assets.pipeline.evaluation.removed_deployment import removed_deployments, require_deployment
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.reporting.report_files import changed_report_files
from fw_assets.pipeline.standing import standings
from fw_assets.pipeline.values.delivery import DeploymentRecord, ReportRecord
from fw_assets.report.formatting import percent
from fw_assets.workspace.envelope import slug
from fw_assets.workspace.workspace import Workspace


def status(root: str, name: str | None, *, as_json: bool) -> int:
    """Print the state of one dataset, or of all."""
    store = Workspace(root)
    if name:
        registered_dataset(store, name)
        names = [name]
    else:
        store = take_snapshot(store)
        names = store.datasets()
    status_of = standings(store, names, driver=None)
    checks = {item: _checks(store, item) for item in names}
    removed = removed_deployments(platform_from_environment, store, [i for i in names if status_of[i].state == "done"])
    notes = {item: status.note + _signature(root, item) + _removal(removed, item) for item, status in status_of.items()}
    results = {item: _result(store, item) if status.state == "done" else None for item, status in status_of.items()}
    if as_json:
        echo_json(
            [
                {
                    "dataset": item,
                    "state": status.state,
                    "note": notes[item],
                    "due": [step.key for step in status.steps],
                    "winner": result.winner if (result := results[item]) else None,
                    "accuracy": result.accuracy if result else None,
                    "regression_checks": {"paid_usd": checks[item].spent, "held_usd": checks[item].reserved},
                }
                for item, status in status_of.items()
            ]
        )
        return DONE
    table = Table("dataset", "state", "where it stands", box=None, pad_edge=False)
    for item, status in status_of.items():
        table.add_row(item, status.state, _outcome(results[item]) + notes[item] + _check_costs(checks[item]))
    out.print(table if names else f"No datasets in {root} yet. Start with: fw-assets run FILE --model MODEL")
    return DONE


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


def _checks(store: Workspace, name: str) -> Ledger:
    """The ledger of a dataset's regression checks; one that is damaged keeps no other dataset from being listed."""
    try:
        return regression_ledger(store, name)
    except (InputError, OSError) as error:
        err.print(f"fw-assets: {printable(message_of(error))}", markup=False)
        return Ledger()


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


def _check_costs(ledger: Ledger) -> str:
    """The cost of a deployment's regression checks, in words; empty if there were none."""
    if not ledger.entries and not ledger.reservations:
        return ""
    held = f", ${ledger.reserved:,.2f} held" if ledger.reserved else ""
    return f"; {len(ledger.entries)} regression checks, ${ledger.spent:,.2f} paid{held}"


def report(root: str, name: str, *, open_it: bool) -> int:
    """Print the report."""
    store = Workspace(root)
    registered_dataset(store, name)
    changed = [store.url(name, file) for file in changed_report_files(store, name)]
    if changed:
        raise FileNotFoundError(
            f"{', '.join(changed)}: not what was written, so damaged or edited; `fw-assets run {name}` sets it aside "
            "and makes it again"
        )
    text = store.read_text(name, "final_report.md")
    if text is None:
        raise FileNotFoundError(f"{name} has no report yet: {due(store, name, driver=None).note}")
    echo(text)
    if open_it:
        if store.is_local:
            page = store.local(name, "final_report.html")
        else:
            page = Path(tempfile.mkdtemp(prefix="fw-assets-")) / "final_report.html"
            store.download(page, name, page.name)
        webbrowser.open(page.as_uri())
    return DONE


def predict(root: str, name: str, text: str, *, system: str | None, free: bool, as_json: bool) -> int:
    """Ask the winner for the label of a text, as its rows were asked: after their own system message, or `system`.

    Args:
        free: the free model instead.
    """
    if free:
        return _predict_free(root, name, text, system=system, as_json=as_json)
    from fw_assets.classification.prompting.answer_parser import parse_answer
    from fw_assets.classification.prompting.completion import Completion
    from fw_assets.classification.prompting.prompt import request
    from fw_assets.classification.prompting.record_parser import RecordParser
    from fw_assets.pipeline.values.served_prompt import served_opening, served_prompt

    store = Workspace(root)
    registered_dataset(store, name)
    record = store.require("deployment", name, DeploymentRecord)
    if record.address is None:
        raise NotServed(record.model, record.gate.why)
    prompt = served_prompt(store, name, record)
    opening = served_opening(store, name, record)
    if system is None and opening.variants > 1:
        err.print(
            f"fw-assets: the rows of {name} begin with {opening.variants} different system messages; asked with the "
            "most frequent (--system gives another)",
            markup=False,
        )
    body = request(prompt, json.dumps(opening.conversation(text, system)))
    platform = platform_from_environment()
    platform.call(lambda client: require_deployment(client, name, record))
    completion = platform.call(
        lambda client: client.chat_at_any_effort(
            {"model": record.address, **body}, deployment_known=record.deployment is not None
        )
    )
    answer = parse_answer(
        prompt,
        Completion(text=completion.text, finish_reason=completion.finish_reason, refusal=completion.refusal),
    )
    values = RecordParser(prompt.fields).values(completion.text or "") if prompt.fields else {}
    if as_json:
        echo_json(
            {
                "labels": list(answer.labels),
                **({"fields": values} if prompt.fields else {}),
                "confidence": completion.confidence,
                "text": completion.text,
                "model": record.address,
            }
        )
    elif values:
        echo(json.dumps(values, ensure_ascii=False))
    else:
        echo(", ".join(answer.labels) or f"(no valid label: {completion.text!r})")
    return DONE if answer.kind == "valid" else FAILED


def _predict_free(root: str, name: str, text: str, *, system: str | None, as_json: bool) -> int:
    from fw_assets.pipeline.evaluation.free_model import free_answer
    from fw_assets.pipeline.values.served_prompt import tested_opening

    store = Workspace(root)
    registered_dataset(store, name)
    answer = free_answer(store, name, tested_opening(store, name).conversation(text, system))
    if as_json:
        result = {"labels": list(answer.labels), "confidence": answer.confidence, "text": answer.text}
        echo_json({**result, "model": answer.method})
    else:
        echo(", ".join(answer.labels) or "(no label)")
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
