"""Commands that show and use what the phases made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fw_assets.cli.options import json_option
from fw_assets.cli.program import main
from fw_assets.cli.workspace_root import workspace_root
from fw_assets.commands.errors import readable_errors


@main.command()
@click.argument("name", required=False)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def status(name: str | None, root: str | None, as_json: bool) -> int:
    """Where each dataset stands, and what waits for a person."""
    from fw_assets.commands import inspect

    return inspect.status(workspace_root(root), name, as_json=as_json)


@main.command()
@click.argument("name")
@click.option("--open", "open_it", is_flag=True, help="Open the HTML report in a browser.")
@click.option(
    "--card", is_flag=True, help="Print the model card (model_card.md) instead, in the form of Hugging Face's hub."
)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def report(name: str, open_it: bool, card: bool, root: str | None, as_json: bool) -> int:
    """Print the report of a dataset; with --json, report.json."""
    from fw_assets.commands import inspect

    return inspect.report(workspace_root(root), name, open_it=open_it, card=card, as_json=as_json)


@main.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def compare(first: str, second: str, root: str | None, as_json: bool) -> int:
    """Compare two evaluated models on the test rows that they share.

    A and B are each DATASET (its winner), DATASET/MODEL (fine-tuned where it was), or DATASET/MODEL:KIND with KIND
    base, tuned or baseline (the models majority and tfidf). Rows are matched by their content.
    """
    from fw_assets.commands import inspect

    return inspect.compare(workspace_root(root), first, second, as_json=as_json)


@main.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["adapter", "merged", "gguf", "onnx"]),
    default="adapter",
    show_default=True,
    help="adapter: LoRA in PEFT's form; merged: a whole Hugging Face folder; gguf: for llama.cpp; onnx: a small model.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="A new folder. Default: NAME-FORMAT here.")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def export(name: str, form: Any, out: Path | None, root: str | None, as_json: bool) -> int:
    """Write the fine-tuned winner of a dataset as files that other programs load.

    What was written is loaded and asked for 20 test rows; where an answer is not that of the evaluation, nothing stays.
    """
    from fw_assets.commands import export

    return export.export(workspace_root(root), name, form, out, as_json=as_json)


@main.command()
@click.argument("name")
@click.argument("text", required=False)
@click.option("--file", metavar="FILE", help="Label the rows of this file, of any form that a dataset can have.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where they are written with their labels: .parquet, .csv, .tsv, .jsonl or .arrow.",
)
@click.option("--text-column", help="The file's column of the text; left out, as in the dataset, or found.")
@click.option("--text-template", help="Several columns as one text, each in braces: {subject}: {body}.")
@click.option("--sheet", help="The sheet of a spreadsheet that has several sheets of rows.")
@click.option("--system", help="System message before the text. Default: that of most rows, if they have one.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Leave the label out below this confidence. Default: the report's, if it has one; 0: never.",
)
@click.option("--free", is_flag=True, help="Ask the free model of the report instead; no platform is asked.")
@click.option(
    "--cascade",
    is_flag=True,
    help="Ask a free model first, and the winner where that is not sure enough, by the report's threshold.",
)
@click.option("--probabilities", is_flag=True, help="A column more for each label, with its probability.")
@click.option("--max-spend-usd", type=click.FloatRange(0), help="The most that labelling the file may cost.")
@click.option("--yes", is_flag=True, help="Agree to the price that is shown.")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def predict(name: str, text: str | None, root: str | None, as_json: bool, **options: Any) -> int:
    """Ask the winner of a dataset for the label of TEXT, or for those of all rows of a file.

    A file is priced first, and asked for a text once; a command that was interrupted asks for the rest only.
    """
    from fw_assets.commands import predict

    return predict.predict(workspace_root(root), name, text, options, as_json=as_json)
