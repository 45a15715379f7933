"""Command that asks the deployed winner: for the label of one text, or for those of all rows of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.errors import input_error
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.record_parser import RecordParser
from fw_assets.classification.session import make_session
from fw_assets.commands.render import registered_dataset
from fw_assets.console import echo, echo_json, err, is_terminal, out, show_progress
from fw_assets.exit_codes import DONE, FAILED, INCOMPLETE, WAITING
from fw_assets.pipeline.errors import NotServed
from fw_assets.pipeline.evaluation.answer_one import answer_one
from fw_assets.pipeline.evaluation.free_model import free_model
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.prediction.label_file import label_file
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.prediction import LabelledFile, PredictionQuote
from fw_assets.pipeline.values.served_prompt import served_opening, served_prompt, tested_opening
from fw_assets.report.formatting import plural
from fw_assets.workspace.workspace import Workspace

_OF_FILES = ("out", "text_column", "text_template", "threshold", "max_spend_usd", "probabilities", "yes")


def predict(root: str, name: str, text: str | None, options: Mapping[str, Any], *, as_json: bool) -> int:
    """Ask the winner for a text or a file, whichever is given.

    Raises:
        InputError: both or none is given, or an option that the other has.
    """
    file: str | None = options["file"]
    if (text is None) == (file is None):
        given = "both are given" if text is not None else "none is given"
        raise input_error(
            f"expected a text or a file, and {given}",
            field="TEXT",
            advice=f"One text: fw-assets predict {name} TEXT. The rows of a file: fw-assets predict {name} --file FILE "
            "--out FILE",
        )
    if text is not None:
        if misplaced := [item for item in _OF_FILES if options[item] not in (None, False)]:
            flag = f"--{misplaced[0].replace('_', '-')}"
            raise input_error("is for the rows of a file", field=flag, advice="Give --file too, or leave it out.")
        label = _label_text_freely if options["free"] else _label_text
        return label(root, name, text, system=options["system"], as_json=as_json)
    return _label_file(root, name, str(file), options, as_json=as_json)


def _label_file(root: str, name: str, file: str, options: Mapping[str, Any], *, as_json: bool) -> int:
    store = Workspace(root)
    registered_dataset(store, name)
    target: Path | None = options["out"]
    if target is None:
        raise input_error("the file to write is missing", field="--out", advice="Name it: --out labelled.parquet")
    named = {key: options[key] for key in ("text_column", "text_template") if options[key] is not None}
    make_session(named)  # the template's faults, in the words of a session
    wanted = LabelRequest(
        file=file,
        out=target,
        options=ReadingOptions(**named),
        system=options["system"],
        threshold=options["threshold"],
        free=options["free"],
        probabilities=options["probabilities"],
        max_spend_usd=options["max_spend_usd"],
    )
    quotes: list[PredictionQuote] = []

    def agree(quote: PredictionQuote) -> bool:
        quotes.append(quote)
        for line in _quoted(quote):
            err.print(line)
        if not quote.needs_yes or options["yes"]:
            return True
        return is_terminal() and not as_json and click.confirm("Ask?", default=False, err=True)

    with show_progress(as_json):
        result = label_file(store, platform_from_environment(), name, wanted, agree)
    if result is None:
        err.print("Nothing was asked. Agree to the price with --yes, and limit it with --max-spend-usd.")
        if as_json:
            (quote,) = quotes
            echo_json({"dataset": name, "state": "waiting", "file": file, "out": str(target), **_price(quote)})
        return WAITING
    if as_json:
        echo_json({"dataset": name, "state": "labelled", "file": file, **result.model_dump(mode="json")})
    else:
        out.print(_summary(result))
    if result.unanswered:
        err.print(
            f"{plural(result.unanswered, 'row')} got no answer ({result.error}); the same command asks for these only."
        )
    return INCOMPLETE if result.unanswered else DONE


def _quoted(quote: PredictionQuote) -> list[str]:
    """What a file asks and costs, one sentence each."""
    usd, cost = quote.cost.usd, quote.cost
    price = "at no cost"
    if usd is None:
        price = "at a price that is not known"
    elif usd.high:
        price = f"for ${usd.expected:,.4f} (at most ${usd.high:,.4f})"
    tokens = f"about {cost.prompt_tokens.expected:,.0f} prompt and {cost.answer_tokens.expected:,.0f} answer tokens"
    lines = [f"{quote.file}: {plural(quote.rows, 'row')}, read as {quote.read_as}"]
    if quote.empty:
        lines.append(f"  {plural(quote.empty, 'row')} without a text: not asked")
    if quote.repeats:
        lines.append(f"  {plural(quote.repeats, 'row')} with the text of an earlier one: asked once")
    if quote.answered:
        lines.append(f"  {plural(quote.answered, 'text')} answered already: not asked again")
    if quote.over_context:
        lines.append(
            f"  {plural(quote.over_context, 'text')} longer than the {quote.context or 0:,} tokens that the model "
            "reads: the platform cuts or refuses them"
        )
    lines += [f"  note: {note}" for note in quote.notes]
    if quote.threshold is not None:
        lines.append(f"  no label below a confidence of {quote.threshold:.4g}")
    lines.append(f"  asks {plural(quote.requests, 'text')}, {tokens}, {price}")
    return lines


def _price(quote: PredictionQuote) -> dict[str, Any]:
    usd = quote.cost.usd
    return {
        "rows": quote.rows,
        "requests": quote.requests,
        "prompt_tokens": round(quote.cost.prompt_tokens.expected),
        "answer_tokens": round(quote.cost.answer_tokens.expected),
        "expected_usd": usd.expected if usd else None,
        "high_usd": usd.high if usd else None,
    }


def _summary(result: LabelledFile) -> str:
    parts = [f"{result.labelled:,} labelled"]
    parts += [f"{result.abstained:,} below the confidence of {result.threshold:.4g}"] if result.abstained else []
    parts += [f"{result.no_label:,} whose answer is no label"] if result.no_label else []
    parts += [f"{result.unanswered:,} without an answer"] if result.unanswered else []
    parts += [f"{result.empty:,} without a text"] if result.empty else []
    paid = "at a price that is not known" if result.paid_usd is None else f"for ${result.paid_usd:,.4f}"
    return (
        f"{result.out}: {plural(result.rows, 'row')}: {', '.join(parts)}.\n"
        f"{plural(result.requests, 'request')}, {result.prompt_tokens:,} prompt and {result.answer_tokens:,} answer "
        f"tokens, {paid}."
    )


def _label_text(root: str, name: str, text: str, *, system: str | None, as_json: bool) -> int:
    """Ask the winner for the label of a text, as its rows were asked: after their own system message, or `system`."""
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
    messages = json.dumps(opening.conversation(text, system))
    platform = platform_from_environment()
    platform.call(lambda client: require_deployment(client, name, record))
    completion = platform.call(lambda client: answer_one(client, record, prompt, messages))
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


def _label_text_freely(root: str, name: str, text: str, *, system: str | None, as_json: bool) -> int:
    """Ask the free model for the label of a text."""
    store = Workspace(root)
    registered_dataset(store, name)
    answer = free_model(store, name).answer(tested_opening(store, name).conversation(text, system))
    if as_json:
        result = {"labels": list(answer.labels), "confidence": answer.confidence, "text": answer.text}
        echo_json({**result, "model": answer.method})
    else:
        echo(", ".join(answer.labels) or "(no label)")
    return DONE
