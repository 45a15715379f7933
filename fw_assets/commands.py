"""What the commands do, behind the parsing of their arguments."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from fw_assets.classification.errors import input_error
from fw_assets.classification.instruction import suggest
from fw_assets.classification.models import CatalogueModel
from fw_assets.classification.plan import Plan
from fw_assets.classification.prices import Item, PriceBook
from fw_assets.classification.session import load_session
from fw_assets.console import err, is_terminal, out, progress_shown
from fw_assets.pipeline.phases import PLANNING, Standing, Step, due
from fw_assets.pipeline.platform import platform_from_environment
from fw_assets.pipeline.values import DeploymentRecord, PlanChanges, Registration
from fw_assets.pipeline.workspace import Workspace

PRICED: tuple[Item, ...] = ("inference-input", "inference-output", "training", "deployment-hour")

DONE, FAILED, WAITING, INCOMPLETE = 0, 1, 3, 4


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Session fields from a session file and the command line; the command line wins."""
    fields: dict[str, Any] = {}
    if given.get("session_file"):
        fields.update(load_session(Path(given["session_file"])))
    if given.get("benchmark_only"):
        fields["mode"] = "benchmark"
    plain = ("dataset", "eval_dataset", "instruction", "train_fraction", "imbalance_threshold", "mitigation")
    for name in (*plain, "bad_rows", "deploy", "max_spend_usd", "auto_approve_up_to_usd"):
        if given.get(name) is not None:
            fields[name] = given[name]
    for name in ("models", "labels"):
        if given.get(name):
            fields[name] = list(given[name])
    return fields


def _registered(store: Workspace, given: Mapping[str, Any], *, ask: bool) -> Registration:
    """Register what the arguments say, or find the dataset that they name."""
    from fw_assets.pipeline.registration import register

    fields = fields_of(given)
    readings: dict[str, dict[str, Any]] = {}
    named = fields.get("dataset")
    if isinstance(named, str) and not Path(named).exists():
        known = store.read("registration", named, Registration)
        if known is not None:
            fields = {
                **known.session.model_dump(mode="json", exclude_unset=True),
                **fields,
                "dataset": known.session.dataset,
            }
            given = {**given, "name": named}
            if "instruction" in known.session.model_fields_set and fields["instruction"] == known.session.instruction:
                readings = {clause: {} for clause in known.confirmed}
    platform = platform_from_environment()
    rehearse(given.get("rehearse_prices"))
    reader = given.get("reader_model") or os.environ.get("FW_READER_MODEL")
    if reader and fields.get("instruction"):
        readings |= second_reading(platform, reader, fields, readings, ask=ask and is_terminal())
    if ask and is_terminal():
        _ask_missing(fields, platform)
    registration = register(store, platform, fields, driver="command-line", name=given.get("name"), readings=readings)
    for item in registration.understood:
        err.print(f"Understood: {item}", markup=False)
    return registration


def rehearse(prices: Path | None) -> None:
    """Make the embedded platform charge by a price file from now on."""
    if prices is None:
        return
    from fw_assets.pipeline.platform import rehearse_prices

    rehearse_prices(prices)


def second_reading(
    platform: Any, model: str, fields: dict[str, Any], known: Mapping[str, Any], *, ask: bool
) -> dict[str, dict[str, Any]]:
    """What a chat model reads in the clauses that the parser did not understand, as far as a person confirms it.

    A clause counts as understood when every field that was read in it is confirmed. Where nobody can be asked,
    the reading is shown and nothing of it is used.
    """
    from fw_assets.pipeline.reader import read_clause
    from fw_assets.pipeline.registration import understand

    _, _, unused = understand(platform, fields, known)
    confirmed: dict[str, dict[str, Any]] = {}
    for clause in unused:
        found = platform.call(lambda client, clause=clause: read_clause(client, model, clause))
        err.print(f"{model} reads {clause!r} as: {_said(found)}", markup=False)
        if not ask:
            err.print("  Nobody is here to confirm it, so it is not used.", markup=False)
        elif found and all(click.confirm(f"  Use {key}: {value}?", err=True) for key, value in found.items()):
            confirmed[clause] = found
    return confirmed


def _said(found: Mapping[str, Any]) -> str:
    return "; ".join(f"{key}: {value}" for key, value in found.items()) or "nothing"


def _ask_missing(fields: dict[str, Any], platform: Any) -> None:
    from fw_assets.pipeline.registration import understand

    session, _, _ = understand(platform, fields)
    if not session.dataset:
        fields["dataset"] = click.prompt("Dataset (a JSONL file)", err=True)
    if not session.models:
        names = [m.name.rsplit("/", 1)[-1] for m in platform.call(lambda client: client.models()) if m.tunable]
        err.print(f"Models to choose from: {', '.join(names)}", markup=False)
        fields["models"] = click.prompt("Models, separated by commas", err=True).replace(" ", "").split(",")


def plan(root: str, given: Mapping[str, Any], *, as_json: bool) -> int:
    """Phases 1 and 2."""
    store = Workspace(root)
    registration = _registered(store, given, ask=not as_json)
    _driven(store, registration.name, as_json=as_json, only=PLANNING)
    made = store.need("plan", registration.name, Plan)
    if as_json:
        _print_json(made.model_dump(mode="json") | {"digest": made.digest})
    else:
        _show_plan(store, registration.name)
        if made.unused:
            _show_unused(made.unused)
        else:
            err.print(f"\nTo go on: fw-assets run {registration.name} --approve", markup=False)
    return DONE


def _driven(store: Workspace, name: str, *, as_json: bool, only: tuple[str, ...] | None = None) -> Standing:
    """Run what is due for the command line; without Dagster where nothing is."""
    standing = due(store, name, driver="command-line")
    if not any(only in (None, step.assets) for step in standing.steps):
        return standing
    from fw_assets.pipeline.drive import drive, fail_lost_runs, open_instance

    with store.locked(name, "run"), open_instance(store.root) as instance, progress_shown(as_json):
        fail_lost_runs(instance)
        return drive(instance, store, name, started=_announce, only=only)


def run(root: str, given: Mapping[str, Any], *, approve: bool, ask: bool, as_json: bool) -> int:
    """All phases, from where the dataset stands."""
    store = Workspace(root)
    registration = _registered(store, given, ask=ask and not as_json)
    name = registration.name
    standing = _driven(store, name, as_json=as_json, only=PLANNING)
    again = approve and standing.state in ("elsewhere", "incomplete")
    if standing.state in ("waiting", "rejected") or again:
        answer = _answer(store, name, registration, standing, approve=approve, ask=ask, as_json=as_json)
        if answer is None:
            return WAITING
        from fw_assets.pipeline.drive import approve as sign
        from fw_assets.pipeline.drive import open_instance

        with open_instance(root) as instance:
            sign(instance, name, answer)
        if answer["decision"] == "reject":
            return WAITING
    elif standing.state == "elsewhere":
        err.print(f"{name}: {standing.note}; with --approve this command takes it over", markup=False)
        return WAITING
    standing = _driven(store, name, as_json=as_json)
    if standing.state == "incomplete":
        _show_report(store, name, as_json=as_json)
        return INCOMPLETE
    if standing.state != "done":
        err.print(f"{name}: {standing.note}", markup=False)
        return FAILED
    return _show_report(store, name, as_json=as_json)


def _answer(
    store: Workspace,
    name: str,
    registration: Registration,
    standing: Standing,
    *,
    approve: bool,
    ask: bool,
    as_json: bool,
) -> dict[str, Any] | None:
    current = store.need("plan", name, Plan)
    answer: dict[str, Any] = {
        "plan_digest": current.digest,
        "approved_by": getpass.getuser(),
        "driver": "command_line",
    }
    if not as_json:
        _show_plan(store, name)
    if registration.unused:
        _show_unused(registration.unused)
    elif approve:
        return answer | {"decision": "approve"}
    if ask and is_terminal() and not as_json:
        found = current.label_set
        if not found.given:
            listed = ", ".join(found.labels[:30]) + (" ..." if len(found.labels) > 30 else "")
            question = f"\nThe {len(found.labels)} labels were inferred: {listed}\nAre they right?"
            answer["labels_confirmed"] = click.confirm(question, default=False, err=True)
        said = click.prompt(
            "\nApprove this plan?", type=click.Choice(["yes", "no", "later"]), default="later", err=True
        )
        if said != "later":
            return answer | {"decision": "approve" if said == "yes" else "reject"}
    elif as_json:
        _print_json(
            {
                "dataset": name,
                "state": standing.state,
                "plan_digest": current.digest,
                "unused": [{"clause": clause, "instead": suggest(clause)} for clause in registration.unused],
            }
        )
    how = f"fw-assets approve {name} --digest {current.digest}" if registration.unused else ""
    err.print(
        f"\n{name}: {standing.note}. Approve with: {how or f'fw-assets run {name} --approve'}, or in the Dagster UI.",
        markup=False,
    )
    return None


def _show_unused(unused: Sequence[str]) -> None:
    err.print("\nNot understood in the instruction, and nothing runs on a guess:", markup=False)
    for clause in unused:
        err.print(f"  {clause!r}: {suggest(clause)}", markup=False)


def approve(
    root: str,
    name: str,
    *,
    digest: str,
    mitigation: str | None,
    by: str,
    note: str,
    reject: bool,
    driver: str | None,
    labels_confirmed: bool,
) -> int:
    """Answer a plan."""
    from fw_assets.pipeline.drive import approve as sign
    from fw_assets.pipeline.drive import open_instance

    store = Workspace(root)
    registration = _known(store, name)
    chosen = driver or registration.driver
    answer = {
        "approved_by": by,
        "plan_digest": digest,
        "decision": "reject" if reject else "approve",
        "mitigation": mitigation.replace("-", "_") if mitigation else "as_planned",
        "note": note,
        "labels_confirmed": labels_confirmed,
        "driver": chosen.replace("-", "_"),
    }
    with open_instance(root) as instance:
        sign(instance, name, answer)
    if reject:
        err.print(f"{name}: rejected; nothing was started.", markup=False)
    elif chosen == "daemon":
        err.print(f"{name}: approved; Dagster's daemon goes on (dagster dev).", markup=False)
    else:
        err.print(f"{name}: approved; go on with: fw-assets run {name}", markup=False)
    return DONE


def status(root: str, name: str | None, *, as_json: bool) -> int:
    """Where datasets stand."""
    store = Workspace(root)
    names = [name] if name else store.datasets()
    if name:
        _known(store, name)
    standings = {item: due(store, item, driver=None) for item in names}
    if as_json:
        _print_json(
            [
                {"dataset": item, "state": s.state, "note": s.note, "due": [step.key for step in s.steps]}
                for item, s in standings.items()
            ]
        )
        return DONE
    table = Table("dataset", "state", "where it stands", box=None, pad_edge=False)
    for item, standing in standings.items():
        table.add_row(item, standing.state, standing.note)
    out.print(table if standings else f"No datasets in {root} yet. Start with: fw-assets run FILE --model MODEL")
    return DONE


def report(root: str, name: str, *, open_it: bool) -> int:
    """Print the report."""
    store = Workspace(root)
    _known(store, name)
    text = store.read_text(name, "final_report.md")
    if text is None:
        raise FileNotFoundError(f"{name} has no report yet: {due(store, name, driver=None).note}")
    click.echo(text)
    if open_it:
        webbrowser.open(f"file://{store.path(name, 'final_report.html')}")
    return DONE


def predict(root: str, name: str, text: str, *, as_json: bool) -> int:
    """Ask the winner."""
    from fw_assets.classification.answer import parse as read_answer
    from fw_assets.classification.completion import Completion
    from fw_assets.classification.prompt import Prompt, request

    store = Workspace(root)
    _known(store, name)
    record = store.need("deployment", name, DeploymentRecord)
    prompt = store.need("prompt", name, Prompt)
    body = request(prompt, json.dumps([{"role": "user", "content": text}]))
    answer = platform_from_environment().call(
        lambda client: client.chat({"model": record.address, **body}, known=record.deployment is not None)
    )
    read = read_answer(prompt, Completion(text=answer.text, finish_reason=answer.finish_reason, refusal=answer.refusal))
    if as_json:
        _print_json(
            {
                "labels": list(read.labels),
                "confidence": answer.confidence,
                "text": answer.text,
                "model": record.address,
            }
        )
    else:
        click.echo(", ".join(read.labels) or f"(no valid label: {answer.text!r})")
    return DONE if read.kind == "valid" else FAILED


def compare(root: str, first: str, second: str, *, as_json: bool) -> int:
    """Put two evaluated models side by side."""
    from fw_assets.pipeline.versus import resolve, versus
    from fw_assets.report.terminal import show, versus_view
    from fw_assets.report.versus import Sides

    store = Workspace(root)
    found = versus(store, resolve(store, first), resolve(store, second))
    told = Sides(
        (str(found.first), found.first_scores),
        (str(found.second), found.second_scores),
        found.comparison,
        found.rows,
    )
    if as_json:
        _print_json(told.as_json())
    else:
        show(versus_view(told), out)
    return DONE


def models(*, as_json: bool) -> int:
    """List the models: what can be done with each, what it costs, and why one cannot be a candidate."""
    from fw_assets.pipeline.catalogue import priced_catalogue

    listed, book = priced_catalogue(platform_from_environment())
    entries = [model_entry(model, book) for model in listed]
    if as_json:
        _print_json(entries)
        return DONE
    table = Table(
        "model", "parameters", "context", "tunable", "base asked by", "$ in/out 1M", "$ training 1M", "$ hour", box=None
    )
    for entry in entries:
        known = {price["item"]: price["usd"] for price in entry["prices"]}

        def shown(item: str, known: Mapping[str, float | None] = known) -> str:
            usd = known[item]
            return "?" if usd is None else f"{usd:g}"

        table.add_row(
            entry["slug"],
            f"{entry['parameter_count']:,}" if entry["parameter_count"] else "?",
            f"{entry['context_length']:,}" if entry["context_length"] else "?",
            "yes" if entry["tunable"] else "no",
            entry["strategy"],
            f"{shown('inference-input')} / {shown('inference-output')}",
            shown("training"),
            shown("deployment-hour"),
        )
    out.print(table)
    refused = [entry["refused"] for entry in entries if entry["refused"]]
    if refused:
        out.print("\nCannot be candidates for fine-tuning:")
    for why in refused:
        out.print(f"- {why}", markup=False)
    return DONE


def model_entry(model: CatalogueModel, book: PriceBook) -> dict[str, Any]:
    """A model as `fw-assets models --json` lists it; `refused` is why it cannot be fine-tuned, null when it can."""
    prices = [book.price(model.name, item, model.parameter_count) for item in PRICED]
    return {
        **model.model_dump(mode="json"),
        "slug": model.slug,
        "strategy": model.strategy,
        "refused": model.refusal(tunable=True, inference=None),
        "prices": [
            {"item": price.item, "usd": price.usd, "unit": price.unit, "source": price.source, "date": price.date}
            for price in prices
        ],
    }


def parse(text: str, *, as_json: bool) -> int:
    """Show what an instruction says."""
    from fw_assets.classification.instruction import parse_instruction

    names = [model.name for model in platform_from_environment().call(lambda client: client.models())]
    parsed = parse_instruction(text, models=names)
    if as_json:
        _print_json({"session": parsed.fields, "unused": list(parsed.unused)})
        return DONE
    for key, value in parsed.fields.items():
        click.echo(f"{key}: {value}")
    for clause, instead in parsed.suggestions:
        click.echo(f"not understood: {clause} ({instead})")
    return DONE


def _known(store: Workspace, name: str) -> Registration:
    found = store.read("registration", name, Registration)
    if found is None:
        raise input_error(
            f"no dataset {name!r} in {store.root}; there: {', '.join(store.datasets()) or 'none yet'}",
            field="NAME",
        )
    return found


def _announce(step: Step, standing: Standing) -> None:
    what = " ".join(filter(None, [", ".join(step.assets), step.model]))
    err.print(f"{step.dataset}: {what}", markup=False)


def _show_plan(store: Workspace, name: str) -> None:
    from fw_assets.report.terminal import plan_view, show

    current = store.need("plan", name, Plan)
    show(plan_view(current), err)
    changes = store.read("plan_changes", name, PlanChanges)
    if changes is not None and changes.plan_digest == current.digest and changes.differences:
        err.print(f"\n{changes.heading}", markup=False)
        for difference in changes.differences:
            err.print(f"  {difference}", markup=False)
    err.print(f"The whole plan: {store.path(name, 'plan.md')}", markup=False)


def _show_report(store: Workspace, name: str, *, as_json: bool) -> int:
    from fw_assets.report.model import Report
    from fw_assets.report.terminal import report_view, show

    made = Report.model_validate_json(store.read_text(name, "report.json") or "")
    if as_json:
        click.echo(store.read_text(name, "report.json"))
    else:
        show(report_view(made), out)
        out.print(
            f"Report: {store.path(name, 'final_report.md')}\n        {store.path(name, 'final_report.html')}",
            markup=False,
        )
    return DONE


def _print_json(value: object) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
