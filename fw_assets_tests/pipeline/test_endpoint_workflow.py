"""A session with an endpoint, from the plan to a prediction."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from fw_assets_tests.chat_servers import chat_server
from fw_assets_tests.project import Project

KEY = "sk-of-the-endpoint-0123456789"


def test_an_endpoint_from_the_plan_to_a_prediction(project: Project, watched: None) -> None:
    project.environment["FW_ENDPOINT_KEY_NEAR"] = KEY
    rows = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    gold = {turns[-2]["content"]: turns[-1]["content"] for turns in rows}
    with chat_server("vllm", key=KEY, gold=gold) as server:
        address = f"{server.url}#small"
        arguments = ("--endpoint", f"near={address}", "--benchmark-only", "--approve", "--yes")
        done = project.run("run", str(project.data), *arguments, "--json")
        assert done.returncode == 0, done.stderr
        folder = project.workspace / "tickets"
        plan = (folder / "plan.md").read_text("utf-8")
        assert server.url in plan
        assert "no price is known for base-evaluation/near" in plan
        (candidate,) = project.report()["candidates"]
        assert candidate["endpoint"] == address
        assert candidate["base"]["accuracy"] > 0
        snippets = project.report()["snippets"]
        assert "from openai import OpenAI" in snippets["python"]
        assert "structured_outputs" in snippets["python"]
        assert f"{server.url}/chat/completions" in snippets["curl"]
        assert "$FW_ENDPOINT_KEY_NEAR" in snippets["curl"]
        compile(snippets["python"], "snippet", "exec")

        asked = project.run("predict", "tickets", "please refund the invoice", "--json")
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["labels"] == ["billing"]
        new, out = project.folder / "new.csv", project.folder / "out.csv"
        new.write_text("text\nplease refund the invoice\nthe app crashes\n")
        done = project.run("predict", "tickets", "--file", str(new), "--out", str(out), "--yes")
        assert done.returncode == 0, done.stderr
        assert pl.read_csv(out)["label"].to_list() == ["billing", "billing"]
        assert set(server.keys) == {f"Bearer {KEY}"}
    assert not [path for path in _files(project.workspace) if KEY.encode() in path.read_bytes()]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
