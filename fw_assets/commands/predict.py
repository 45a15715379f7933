"""Command that asks the deployed winner: for the label of one text, or for those of all rows of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.errors import input_error
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.session_input import make_session
from fw_assets.commands.dialogue import Dialogue
from fw_assets.console import echo, echo_json, err, is_terminal, out, show_progress
from fw_assets.exit_codes import DONE, FAILED, INCOMPLETE, WAITING
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.prediction.label_file import label_file
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.prediction.label_text import label_text, label_text_by_cascade, label_text_freely
from fw_assets.pipeline.prediction.quote_text import quote_lines
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.values.prediction import LabelledFile, PredictionQuote
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.report.formatting import plural
from fw_assets.workspace.workspace import Workspace

_OF_FILES = ("out", "text_column", "text_template", "sheet", "max_spend_usd", "probabilities", "yes")
_SHOWN = {"labels", "fields", "confidence", "abstained", "threshold", "text", "model", "notes"}


def predict(root: str, name: str, text: str | None, options: Mapping[str, Any], *, as_json: bool) -> int:
    """Ask the winner for a text or a file, whichever is given.

    Raises:
        InputError: both or none is given, or an option that the other has.
    """
    store, file = Workspace(root), options["file"]
    if options["free"] and options["cascade"]:
        raise input_error(
            "--free and --cascade are both given",
            field="--cascade",
            advice="A cascade asks the free model first: give one.",
        )
    if (text is None) == (file is None):
        given = "both are given" if text is not None else "none is given"
        raise input_error(
            f"expected a text or a file, and {given}",
            field="TEXT",
            advice=f"One text: {command(store, 'predict', name, 'TEXT')}. The rows of a file: "
            + command(store, "predict", name, "--file", "FILE", "--out", "FILE"),
        )
    if text is not None:
        if misplaced := [item for item in _OF_FILES if options[item] not in (None, False)]:
            flag = f"--{misplaced[0].replace('_', '-')}"
            raise input_error("is for the rows of a file", field=flag, advice="Give --file too, or leave it out.")
        return _label_text(root, name, text, options, as_json=as_json)
    return _label_file(root, name, str(file), options, as_json=as_json)


def _label_file(root: str, name: str, file: str, options: Mapping[str, Any], *, as_json: bool) -> int:
    store = Workspace(root)
    registered_dataset(store, name)
    target: Path | None = options["out"]
    if target is None:
        raise input_error("the file to write is missing", field="--out", advice="Name it: --out labelled.parquet")
    named = {key: options[key] for key in ("text_column", "text_template", "sheet") if options[key] is not None}
    make_session(named)  # the template's faults, in the words of a session
    dialogue = Dialogue.at_terminal(ask=not (as_json or options["yes"]))
    quotes: list[PredictionQuote] = []

    def agree(quote: PredictionQuote) -> bool:
        quotes.append(quote)
        for line in quote_lines(quote):
            err.print(line)
        if not quote.needs_yes or options["yes"]:
            return True
        return is_terminal() and not as_json and click.confirm("Ask?", default=False, err=True)

    def label() -> LabelledFile | None:
        wanted = LabelRequest(
            file=file,
            out=target,
            options=ReadingOptions(**{**named, **dialogue.answers}),
            system=options["system"],
            threshold=options["threshold"],
            free=options["free"],
            cascade=options["cascade"],
            probabilities=options["probabilities"],
            max_spend_usd=options["max_spend_usd"],
        )
        with show_progress(as_json):
            return label_file(store, platform_from_environment(), name, wanted, agree)

    result = dialogue.until_clear(label)
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
    paid = f"for ${result.paid_usd:,.4f}" if result.paid_usd else "at no cost"
    if result.paid_usd is None:
        paid = "at a price that is not known"
    return (
        f"{result.out}: {plural(result.rows, 'row')}: {', '.join(parts)}.\n"
        f"{plural(result.requests, 'request')}, {result.prompt_tokens:,} prompt and {result.answer_tokens:,} answer "
        f"tokens, {paid}."
    )


def _label_text(root: str, name: str, text: str, options: Mapping[str, Any], *, as_json: bool) -> int:
    """Ask the winner for the label of a text, as its rows were asked: after their own system message, or another."""
    store = Workspace(root)
    registered_dataset(store, name)
    free, system = options["free"], options["system"]
    ask = label_text_freely if free else label_text_by_cascade if options["cascade"] else label_text
    answer = ask(store, platform_from_environment(), name, text, system=system, threshold=options["threshold"])
    if options["cascade"]:
        err.print(f"fw-assets: answered by {answer.model}", markup=False)
    if answer.systems > 1:
        err.print(
            f"fw-assets: the rows of {name} begin with {answer.systems} different system messages; asked with the "
            "most frequent (--system gives another)",
            markup=False,
        )
    for note in answer.notes:
        err.print(f"fw-assets: {note}", markup=False)
    if as_json:
        shown = answer.model_dump(mode="json", include=_SHOWN)
        echo_json(shown if answer.fields is not None else {k: v for k, v in shown.items() if k != "fields"})
    elif answer.abstained:
        echo(
            f"(no label: a confidence of {answer.confidence:.3g} is below {answer.threshold:.3g}; a person should look)"
        )
        err.print(f"fw-assets: the answer was {answer.text!r}; --threshold 0 gives its label", markup=False)
    elif answer.fields:
        echo(json.dumps(answer.fields, ensure_ascii=False))
    else:
        echo(", ".join(answer.labels) or ("(no label)" if free else f"(no valid label: {answer.text!r})"))
    return DONE if answer.is_valid else FAILED
