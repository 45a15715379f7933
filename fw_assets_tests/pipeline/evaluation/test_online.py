"""Asking once each, keeping answers and never errors, and resuming with exactly the missing rows."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from fw_assets.classification.prompting.answer_parser import PREDICTIONS
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.evaluation.online import Asked, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.batches import Batches, write_batches
from fw_assets.workspace.workspace import Workspace

PROMPT = Prompt(
    system=None,
    labels=("a", "b"),
    answers=("a", "b"),
    mode="grammar",
    json_key=None,
    multi_label=False,
    max_tokens=8,
)


def rows(count: int) -> pl.DataFrame:
    texts = [
        json.dumps([{"role": "user", "content": f"text {i}"}, {"role": "assistant", "content": "a"}])
        for i in range(count)
    ]
    return pl.DataFrame(
        {
            "id": [f"train:{i + 1}" for i in range(count)],
            "messages": texts,
            "labels": [["a"]] * count,
            "group": pl.Series(range(count), dtype=pl.UInt32),
        }
    )


class Host:
    """A platform that answers `a`, and refuses the texts it was told to."""

    def __init__(self, refused: set[str] | None = None) -> None:
        self.refused = refused or set()
        self.asked: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        text = json.loads(request.content)["messages"][-1]["content"]
        self.asked[text] += 1
        if text in self.refused:
            return httpx.Response(400, json={"error": {"message": "not today", "code": "INVALID_ARGUMENT"}})
        choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        return httpx.Response(200, json={"id": "x", "choices": [choice], "usage": usage})


def run(
    host: Host, frame: pl.DataFrame | Batches, store: Workspace, prompt: Prompt = PROMPT, model: str = "m"
) -> Asked:
    async def work() -> Asked:
        client = Fireworks(base_url="http://host", api_key="k", account_id="acme", transport=httpx.MockTransport(host))
        async with client:
            answers = ResponseCache(store, "tickets", model, prompt.digest)
            return await ask(client, model, prompt, frame, answers, what="test", concurrency=4)

    return asyncio.run(work())


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def test_every_row_is_asked_once_and_judged_in_order(store: Workspace) -> None:
    host, frame = Host(), rows(20)
    asked = run(host, frame, store)
    assert set(host.asked.values()) == {1}
    assert asked.predictions["id"].to_list() == frame["id"].to_list()
    assert asked.predictions["outcome"].unique().to_list() == ["correct"]
    assert (asked.usage.requests, asked.usage.prompt_tokens, asked.usage.completion_tokens) == (20, 140, 40)


def test_equal_requests_are_sent_once(store: Workspace) -> None:
    host, frame = Host(), rows(3)
    doubled = pl.concat([frame, frame.with_columns(id=pl.col("id") + "x")])
    asked = run(host, doubled, store)
    assert sum(host.asked.values()) == 3
    assert asked.predictions.height == 6
    assert asked.usage.requests == 3


def test_a_second_run_sends_nothing_and_gives_the_same(store: Workspace) -> None:
    first = run(Host(), rows(10), store)
    host = Host()
    second = run(host, rows(10), store)
    assert not host.asked
    assert second.predictions.equals(first.predictions)
    assert second.usage == first.usage


def test_only_what_failed_is_asked_again(store: Workspace) -> None:
    frame = rows(30)
    broken = run(Host(refused={"text 3", "text 7"}), frame, store)
    failed = broken.predictions.filter(pl.col("outcome") == "failed")
    assert failed["id"].to_list() == ["train:4", "train:8"]
    assert "not today" in failed["error"][0]
    host = Host()
    mended = run(host, frame, store)
    assert sorted(host.asked) == ["text 3", "text 7"]
    assert mended.predictions["outcome"].unique().to_list() == ["correct"]


KNOBS: dict[str, Any] = {
    "system": "Choose a label.",
    "labels": ("b", "a"),
    "answers": ("a.", "b."),
    "mode": "free",
    "json_key": "label",
    "multi_label": True,
    "max_tokens": 9,
    "rule": "prefix",
    "key": "intent",
    "seed": 8,
    "reasoning_effort": "low",
}


def test_every_field_of_the_prompt_is_a_knob() -> None:
    assert set(KNOBS) == set(Prompt.model_fields)
    prompts = [PROMPT, *(PROMPT.model_copy(update={knob: value}) for knob, value in KNOBS.items())]
    assert len({prompt.digest for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize("knob", ["model", "max_tokens", "seed"])
def test_any_changed_knob_asks_again(store: Workspace, knob: str) -> None:
    run(Host(), rows(4), store)
    host = Host()
    prompt = PROMPT if knob == "model" else PROMPT.model_copy(update={knob: KNOBS[knob]})
    run(host, rows(4), store, prompt, "other" if knob == "model" else "m")
    assert sum(host.asked.values()) == 4


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_the_size_of_the_slices_changes_nothing(store: Workspace, size: int) -> None:
    """Equal rows in one slice and in several, rows of another part between, and one request that fails."""
    frame = rows(20)
    mixed = pl.concat([frame, frame.head(5).with_columns(id=pl.col("id") + "x"), frame.tail(2)]).with_columns(
        split=pl.Series(["test" if i % 4 else "train" for i in range(27)])
    )
    store.write_frame(mixed, "rows.parquet")
    host = Host(refused={"text 6"})
    test = mixed.filter(pl.col("split") == "test")
    asked = run(host, Batches(store.scan_frame("rows.parquet"), pl.col("split") == "test", size), store)
    write_batches(store, asked.judged(), "predictions.parquet")
    kept = store.read_frame("predictions.parquet")
    assert kept["id"].to_list() == test["id"].to_list()
    assert (
        kept.filter(pl.col("outcome") == "failed")["id"].to_list()
        == test.filter(pl.col("messages").str.contains("text 6"))["id"].to_list()
    )
    assert max(host.asked.values()) == 1
    assert asked.usage.requests == test["messages"].n_unique() - 1
    assert kept.schema == pl.Schema(PREDICTIONS)


def test_no_rows_are_no_requests(store: Workspace) -> None:
    asked = run(Host(), rows(3).clear(), store)
    assert (asked.usage.requests, asked.sent, asked.predictions.height) == (0, 0, 0)


def test_only_a_platform_that_understands_no_request_has_refused_them_all(store: Workspace) -> None:
    everything = {f"text {i}" for i in range(4)}
    assert "not today" in (run(Host(refused=everything), rows(4), store).refused or "")
    assert run(Host(refused={"text 1"}), rows(4), store).refused is None


def test_an_answer_cut_off_by_a_crash_is_asked_for_again(store: Workspace) -> None:
    run(Host(), rows(5), store)
    (record,) = list((Path(store.root) / "tickets" / "answers").iterdir())
    record.write_bytes(record.read_bytes()[:-4])
    host = Host()
    asked = run(host, rows(5), store)
    assert sum(host.asked.values()) == 1
    assert asked.predictions["outcome"].unique().to_list() == ["correct"]
