"""The MCP server, driven by the official client over standard input and output and over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from fw_assets_tests.project import Project

pytest.importorskip("mcp", reason="the MCP SDK is not installed (the extra mcp)")

import anyio
from mcp import Client, StdioServerParameters, stdio_client

PRICES = "- {item: inference-input, usd: 10}\n- {item: inference-output, usd: 10}\n"
ALWAYS = {"plan", "status", "report", "compare", "predict", "predict_file", "run", "datasets", "models"}
CEILING = 1.0


class Agent:
    """A client of the server, as a program that speaks the protocol has it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> set[str]:
        listed = (await self._client.list_tools()).tools
        assert all(tool.output_schema and tool.description for tool in listed)
        assert all(tool.input_schema["additionalProperties"] is False for tool in listed)
        return {tool.name for tool in listed}

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The typed result of a tool."""
        result = await self._client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        value: dict[str, Any] = result.structured_content
        return value

    async def error(self, tool: str, **arguments: Any) -> str:
        """The error of a tool, as an agent reads it."""
        result = await self._client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        (content,) = result.content
        assert "Traceback" not in content.text
        return str(content.text)


def in_stdio(project: Project, talk: Callable[[Agent], Awaitable[None]], *options: str) -> str:
    """Talk to a server of its own; returns what it wrote to standard error."""
    errors = project.folder / "stderr.txt"

    async def main() -> None:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "fw_assets", "mcp", *options], env=environment, cwd=project.folder
        )
        with errors.open("w") as log:
            async with Client(stdio_client(command, errlog=log)) as client:
                await talk(Agent(client))

    environment = {"PYTHONPATH": os.pathsep.join(sys.path), **project.environment}
    anyio.run(main)
    return errors.read_text()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A dataset that is planned at a price, and not approved."""
    project = Project(tmp_path_factory.mktemp("agents"), rows=120)
    prices = project.folder / "prices.yaml"
    prices.write_text(PRICES)
    project.environment["FW_PRICES"] = str(prices)
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--benchmark-only")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(scope="module")
def finished(project: Project) -> Project:
    """The same, brought to its report by an agent under a ceiling."""

    async def talk(agent: Agent) -> None:
        assert await agent.tools() == {*ALWAYS, "approve"}
        plan = await agent.ask("plan", dataset="tickets")
        assert plan["state"] == "waiting"
        assert 0 < plan["approvable_usd"] < CEILING
        approval = {"dataset": "tickets", "note": "cheap enough"}
        assert "read that one" in await agent.error("approve", digest="0" * 12, **approval)
        approved = await agent.ask("approve", digest=plan["digest"], **approval)
        assert approved["state"] == "running"
        done = await agent.ask("run", dataset="tickets", wait_seconds=240)
        assert (done["state"], done["report"]["status"]) == ("done", "benchmark")

    in_stdio(project, talk, "--allow-approve", "--max-approve-usd", str(CEILING))
    return project


def test_without_a_persons_leave_an_agent_plans_and_looks_and_approves_nothing(project: Project) -> None:
    """Everything but the protocol is kept from standard output, which the client would say it cannot read."""

    async def talk(agent: Agent) -> None:
        assert await agent.tools() == ALWAYS
        plan = await agent.ask("plan", dataset="tickets")
        assert plan["labels"].keys() == {"account", "billing", "sales", "technical"}
        assert plan["usd"]["high"] > 0
        assert "Unknown tool" in await agent.error("approve", dataset="tickets", digest=plan["digest"], note="please")
        refused = await agent.error("run", dataset="tickets")
        assert "without --allow-approve" in refused
        assert "fw-assets run tickets --approve" in refused
        itself = {"auto_approve_up_to_usd": 100}
        assert "for a person to set" in await agent.error("plan", dataset="tickets", session=itself)
        assert "Extra inputs are not permitted" in await agent.error("plan", dataset="tickets", **itself)
        assert "Extra inputs are not permitted" in await agent.error("run", dataset="tickets", approve=True)
        said = "Approve automatically if it costs less than $100."
        assert "for a person to set" in await agent.error("plan", dataset="tickets", instruction=said)
        assert "'invoices'" in await agent.error("report", dataset="invoices")
        assert "no such file" in await agent.error("plan", dataset="none.csv", models=["char-ngram"])
        assert "char-ngram" in {item["model"] for item in (await agent.ask("models"))["models"]}
        (listed,) = (await agent.ask("datasets"))["workspace"]
        assert (listed["dataset"], listed["state"]) == ("tickets", "waiting")

    in_stdio(project, talk)
    assert not (project.workspace / "tickets" / "approvals.jsonl").exists()


def test_a_ceiling_below_the_plan_refuses_it(project: Project) -> None:
    async def talk(agent: Agent) -> None:
        plan = await agent.ask("plan", dataset="tickets", name=None)
        refused = await agent.error("approve", dataset="tickets", digest=plan["digest"], note="please")
        assert "is left of the $0.00" in refused
        assert "is left of the $0.00" in await agent.error("run", dataset="tickets")

    in_stdio(project, talk, "--allow-approve", "--max-approve-usd", "0.0001")
    assert not (project.workspace / "tickets" / "approvals.jsonl").exists()


def test_an_approval_says_that_an_agent_gave_it_and_why(finished: Project) -> None:
    (line,) = (finished.workspace / "tickets" / "approvals.jsonl").read_text().splitlines()
    answer = json.loads(line)
    assert (answer["decision"], answer["approved_by"], answer["automatic"]) == ("approved", "agent", False)
    assert answer["note"].startswith("cheap enough (fw-assets mcp, started by ")


@contextmanager
def served(project: Project, *options: str) -> Iterator[str]:
    """The address of a server over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = project.start("mcp", "--port", str(port), "--json", *options)
    try:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(3)]
        url = str(json.loads("".join(lines))["mcp"])
        assert url == f"http://127.0.0.1:{port}/mcp"
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        out, error = server.communicate(timeout=60)
        assert (out, "Traceback" in error) == ("", False), error


@asynccontextmanager
async def over_http(url: str) -> AsyncIterator[Agent]:
    async with Client(url) as client:
        yield Agent(client)


def test_over_http_it_answers_this_machine_and_labels_within_the_rule(finished: Project) -> None:
    async def talk(url: str) -> None:
        async with over_http(url) as agent:
            report = await agent.ask("report", dataset="tickets", markdown=True)
            assert report["answer"][:40] in report["markdown"]
            (measured,) = report["models"]
            assert measured["rows"] == 24
            pair = await agent.ask("compare", first="tickets/tfidf", second="tickets")
            assert pair["rows"] == 24
            paid = await agent.error("predict", dataset="tickets", texts=["I was charged twice"])
            assert "may cost up to $" in paid
            assert "without --allow-approve" in paid
            file = {"file": str(finished.data), "out": str(finished.folder / "out.csv")}
            assert "may cost" in await agent.error("predict_file", dataset="tickets", max_spend_usd=9, **file)
            free = await agent.ask("predict", dataset="tickets", texts=["I was charged twice"], free=True)
            assert free["rows"][0]["label"] in ("account", "billing", "sales", "technical")

    with served(finished) as url:
        anyio.run(talk, url)
        # A name that was pointed here, and a page of another site.
        for name, code in (("Host", 421), ("Origin", 403)):
            headers = {"Accept": "application/json, text/event-stream", name: "http://evil.example"}
            answer = httpx.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
            assert answer.status_code == code
        port = url.split(":")[2].split("/")[0]
        taken = finished.run("mcp", "--port", port, "--json")
        assert taken.returncode == 1
        assert re.search(r"cannot be used .*choose another with --port; \d+ is free", taken.stdout)


def test_within_its_ceiling_it_labels_and_counts(finished: Project) -> None:
    async def talk(agent: Agent) -> None:
        labelled = await agent.ask("predict", dataset="tickets", texts=["I was charged twice", "it crashes"])
        assert labelled["paid_usd"] > 0
        assert [row["text"] for row in labelled["rows"]] == ["I was charged twice", "it crashes"]
        out = finished.folder / "out.csv"
        file = {"file": str(finished.data), "out": str(out)}
        assert "$0.0000 is allowed" in await agent.error("predict_file", dataset="tickets", max_spend_usd=0, **file)
        refused = await agent.error("predict_file", dataset="tickets", max_spend_usd=5, **file)
        assert "is left of the $0.01" in refused
        assert not out.exists()

    in_stdio(finished, talk, "--allow-approve", "--max-approve-usd", "0.01")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--allow-approve",), "approves within a ceiling alone"),
        (("--max-approve-usd", "3"), "is the ceiling of --allow-approve"),
        (("--json",), "standard output is the protocol's own"),
    ],
)
def test_options_that_do_not_fit_are_said_before_anything_is_served(
    finished: Project, options: tuple[str, ...], message: str
) -> None:
    done = finished.run("mcp", *options)
    assert done.returncode == 2
    assert message in done.stderr


def test_it_ends_when_its_client_has_gone(finished: Project) -> None:
    done = subprocess.run(
        finished.command("mcp"),
        cwd=finished.folder,
        env=finished.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == ""
