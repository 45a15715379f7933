"""Server of the Model Context Protocol, on the official SDK: the tools over standard input and output, or over HTTP."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from importlib.metadata import version
from typing import Annotated, Any, ParamSpec, TypeVar

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from fw_assets.classification.visible_text import printable
from fw_assets.commands.mcp.background import BackgroundRuns
from fw_assets.commands.mcp.labelling_tools import LabellingTools
from fw_assets.commands.mcp.results import RunResult
from fw_assets.commands.mcp.spending import Spending
from fw_assets.commands.mcp.tools import Name, Tools
from fw_assets.console import echo_json, err
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.failures import EXPECTED_ERRORS, message_of
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.ports import listener

P = ParamSpec("P")
T = TypeVar("T")
HOST = "127.0.0.1"
PATH = "/mcp"
WAIT_SECONDS = 45.0
"""Many clients give a call up after a minute."""
PROGRESS_SECONDS = 2.0
INSTRUCTIONS = """fw-assets benchmarks, fine-tunes, compares and deploys models that give texts a label.

Call `plan` with a file of labelled rows and candidates of `models`; read the price and the warnings; have the plan
approved; call `run` until its state is done; then read `report`, and label new texts with `predict`. {approval}
What is done is kept: a call that failed or was interrupted goes on where it was when it is repeated."""
APPROVAL_BY_PERSON = "A person approves plans: say what the plan costs, and ask for it."
APPROVAL_BY_AGENT = "`approve` is within a ceiling of ${ceiling:,.2f} in all; above it a person approves."


def create_server(root: str, spending: Spending, make_pool: PoolFactory | None = None) -> MCPServer[Any]:
    """The server over a workspace; `approve` is among its tools where the rule on money allows it."""
    tools, runs = Tools(root, spending, make_pool), BackgroundRuns[RunResult]()
    labelling = LabellingTools(root, spending)
    by_agent = spending.ceiling is not None
    approval = APPROVAL_BY_AGENT.format(ceiling=spending.ceiling or 0.0) if by_agent else APPROVAL_BY_PERSON
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    changes = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True)
    looking = (tools.status, tools.report, tools.compare, tools.models, tools.datasets)
    acting = (tools.plan, labelling.predict, labelling.predict_file, *((tools.approve,) if by_agent else ()))

    async def run(
        dataset: Name,
        context: Context[Any, Any],
        wait_seconds: Annotated[
            float, Field(description="How long to wait for the report before answering `running`.", ge=0, le=3600)
        ] = WAIT_SECONDS,
    ) -> RunResult:
        """Carry on with an approved dataset up to its report. It goes on in the background where it takes longer."""
        future = runs.start(dataset, functools.partial(tools.run, dataset))
        end = time.monotonic() + wait_seconds
        while not await _ended(future, min(PROGRESS_SECONDS, max(0.0, end - time.monotonic()))):
            state = (await anyio.to_thread.run_sync(tools.status, dataset)).datasets[0]
            if time.monotonic() >= end:
                return RunResult(dataset=dataset, state="running", note=state.note)
            await context.report_progress(wait_seconds - (end - time.monotonic()), message=state.note)
        return future.result()

    return MCPServer(
        "fw-assets",
        instructions=INSTRUCTIONS.format(approval=approval),
        version=version("fw-assets"),
        log_level="WARNING",
        tools=[*(_tool(item, reads) for item in looking), *(_tool(item, changes) for item in (*acting, run))],
    )


def serve(
    root: str, spending: Spending, port: int | None, *, as_json: bool, make_pool: PoolFactory | None = None
) -> int:
    """Serve until the client has gone, or over HTTP until interrupted. Returns the exit code.

    While the SDK serves standard output, whatever else is printed there, by workers too, goes to standard error.

    Raises:
        OSError: the port cannot be used.
    """
    server = create_server(root, spending, make_pool)
    if port is None:
        server.run("stdio")
        # Clients kill what has not ended two seconds later, and Python's teardown of all that is loaded takes longer.
        os._exit(DONE)
    with listener(HOST, port, "--port") as served:
        url = f"http://{HOST}:{port}{PATH}"
        err.print(f"MCP on {url}")
        if as_json:
            echo_json({"mcp": url})
        config = uvicorn.Config(server.streamable_http_app(host=HOST, streamable_http_path=PATH), log_level="warning")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[served])
    return DONE


async def _ended(future: Future[Any], seconds: float) -> bool:
    done, _ = await anyio.to_thread.run_sync(functools.partial(wait_for, [future], seconds), abandon_on_cancel=True)
    return bool(done)


def _tool(function: Callable[..., Any], annotations: ToolAnnotations) -> Tool:
    """A tool that refuses arguments that it does not have; the SDK would leave them out without a word."""
    tool = Tool.from_function(_with_tool_errors(function), annotations=annotations)
    arguments = tool.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    tool.parameters = arguments.model_json_schema(by_alias=True)
    return tool


def _with_tool_errors(tool: Callable[P, T]) -> Callable[P, Any]:
    """A tool whose expected errors are those of the SDK, which the agent reads; a bug's text stays in the log."""
    if inspect.iscoroutinefunction(tool):

        @functools.wraps(tool)
        async def later(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await tool(*args, **kwargs)
            except EXPECTED_ERRORS as error:
                raise ToolError(printable(message_of(error))) from error

        return later

    @functools.wraps(tool)
    def at_once(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return tool(*args, **kwargs)
        except EXPECTED_ERRORS as error:
            raise ToolError(printable(message_of(error))) from error

    return at_once
