"""Commands that serve: the platform, Dagster's UI, tools for agents."""

from __future__ import annotations

from pathlib import Path

import click

from fw_assets.classification.dataset_reference import is_url
from fw_assets.cli.options import json_option
from fw_assets.cli.program import main
from fw_assets.cli.workspace_root import workspace_root
from fw_assets.commands.errors import readable_errors


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

    return serve.serve(workspace_root(root), host, port, rehearse_prices, tls=tls, as_json=as_json)


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

    workspace = workspace_root(root)
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
    return start(
        workspace_root(root), port, allow=allow_approve, max_usd=max_approve_usd, as_json=as_json, make_pool=make_pool
    )
