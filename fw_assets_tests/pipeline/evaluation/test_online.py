"""Online inference: one request per distinct row, stored answers and no stored errors, exact resumption."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import polars as pl
import pytest

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.prompting.answer_parser import PREDICTIONS
from fw_assets.classification.prompting.prompt import Prompt, Shortlist
from fw_assets.fireworks import AuthenticationError, FailedPrecondition, Fireworks
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.progress import Message, Progress, listening
from fw_assets.pipeline.steps.retries import readable_failures
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


class FakePlatform:
    """Answers `a`, and rejects the texts in `refused`."""

    def __init__(self, refused: set[str] | None = None) -> None:
        self.refused = refused or set()
        self.received: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        text = json.loads(request.content)["messages"][-1]["content"]
        self.received[text] += 1
        if text in self.refused:
            return httpx.Response(400, json={"error": {"message": "not today", "code": "INVALID_ARGUMENT"}})
        choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        return httpx.Response(200, json={"id": "x", "choices": [choice], "usage": usage})


def run(
    platform: FakePlatform, frame: pl.DataFrame | Batches, store: Workspace, prompt: Prompt = PROMPT, model: str = "m"
) -> InferenceResult:
    async def work() -> InferenceResult:
        client = Fireworks(
            base_url="http://host", api_key="k", account_id="acme", transport=httpx.MockTransport(platform)
        )
        async with client:
            cache = ResponseCache(store, "tickets", model, prompt.digest)
            return await ask(client, model, prompt, frame, cache, what="test", concurrency=4)

    return asyncio.run(work())


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def test_every_row_is_asked_once_and_predicted_in_order(store: Workspace) -> None:
    platform, frame = FakePlatform(), rows(20)
    result = run(platform, frame, store)
    assert set(platform.received.values()) == {1}
    assert result.predictions["id"].to_list() == frame["id"].to_list()
    assert result.predictions["outcome"].unique().to_list() == ["correct"]
    assert (result.usage.requests, result.usage.prompt_tokens, result.usage.completion_tokens) == (20, 140, 40)


@pytest.mark.parametrize("number", [2, 3, 5, 6, 40])
def test_no_more_alternatives_are_asked_for_than_there_are_labels(store: Workspace, number: int) -> None:
    bodies: list[dict[str, Any]] = []

    class Recorded(FakePlatform):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            bodies.append(json.loads(request.content))
            return super().__call__(request)

    labels = tuple("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"[:number])
    prompt = PROMPT.model_copy(update={"labels": labels, "answers": labels, "mode": "grammar"})
    run(Recorded(), rows(3), store, prompt)
    asked = {body.get("top_logprobs", 0) for body in bodies}
    # Servers refuse more alternatives than they name, which is 5; fewer than all labels tell no distribution.
    assert asked == {number if number <= 5 else 0}


def test_equal_requests_are_sent_once(store: Workspace) -> None:
    platform, frame = FakePlatform(), rows(3)
    doubled = pl.concat([frame, frame.with_columns(id=pl.col("id") + "x")])
    result = run(platform, doubled, store)
    assert sum(platform.received.values()) == 3
    assert result.predictions.height == 6
    assert result.usage.requests == 3


def test_a_second_run_sends_nothing_and_gives_the_same(store: Workspace) -> None:
    first = run(FakePlatform(), rows(10), store)
    platform = FakePlatform()
    second = run(platform, rows(10), store)
    assert not platform.received
    assert second.predictions.equals(first.predictions)
    assert second.usage == first.usage


def test_only_what_failed_is_asked_again(store: Workspace) -> None:
    frame = rows(30)
    first = run(FakePlatform(refused={"text 3", "text 7"}), frame, store)
    failed = first.predictions.filter(pl.col("outcome") == "failed")
    assert failed["id"].to_list() == ["train:4", "train:8"]
    assert "not today" in failed["error"][0]
    platform = FakePlatform()
    again = run(platform, frame, store)
    assert sorted(platform.received) == ["text 3", "text 7"]
    assert again.predictions["outcome"].unique().to_list() == ["correct"]


CHANGED_FIELDS: dict[str, Any] = {
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
    "fields": (RecordField(name="label", kind="label", values=("a", "b")),),
    "descriptions": (("a", "the first letter"),),
    "calibration": "none",
    "stages": (("x", ("a",)), ("y", ("b",))),
    "thresholds": LabelThresholds(rule="per-label", shared=0.4),
    "shortlist": Shortlist(options=1, digest="0"),
}


@pytest.mark.parametrize("refused", [{"text 0"}, {"text 0", "text 2"}, set[str]()])
def test_its_progress_comes_to_the_end_where_requests_fail(store: Workspace, refused: set[str]) -> None:
    for count in (1, 3):
        messages: list[Message] = []
        with listening(messages.append):
            run(FakePlatform(refused), rows(count), store, model=f"m-{count}")
        last = [message for message in messages if isinstance(message, Progress)][-1]
        failed = len(refused & {f"text {number}" for number in range(count)})
        assert (last.done, last.total) == (count, count)
        assert (f"{failed} without an answer" in last.detail) == bool(failed)


def test_every_field_of_the_prompt_is_in_its_digest() -> None:
    assert set(CHANGED_FIELDS) == set(Prompt.model_fields)
    prompts = [PROMPT, *(PROMPT.model_copy(update={field: value}) for field, value in CHANGED_FIELDS.items())]
    assert len({prompt.digest for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize("field", ["model", "max_tokens", "seed"])
def test_any_changed_field_asks_again(store: Workspace, field: str) -> None:
    run(FakePlatform(), rows(4), store)
    platform = FakePlatform()
    prompt = PROMPT if field == "model" else PROMPT.model_copy(update={field: CHANGED_FIELDS[field]})
    run(platform, rows(4), store, prompt, "other" if field == "model" else "m")
    assert sum(platform.received.values()) == 4


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_the_batch_size_changes_nothing(store: Workspace, size: int) -> None:
    """Equal rows in one batch and in several, rows of another part between, and one request that fails."""
    frame = rows(20)
    mixed = pl.concat([frame, frame.head(5).with_columns(id=pl.col("id") + "x"), frame.tail(2)]).with_columns(
        split=pl.Series(["test" if i % 4 else "train" for i in range(27)])
    )
    store.write_frame(mixed, "rows.parquet")
    platform = FakePlatform(refused={"text 6"})
    test = mixed.filter(pl.col("split") == "test")
    result = run(platform, Batches(store.scan_frame("rows.parquet"), pl.col("split") == "test", size), store)
    write_batches(store, result.prediction_batches(), "predictions.parquet")
    stored = store.read_frame("predictions.parquet")
    assert stored["id"].to_list() == test["id"].to_list()
    assert (
        stored.filter(pl.col("outcome") == "failed")["id"].to_list()
        == test.filter(pl.col("messages").str.contains("text 6"))["id"].to_list()
    )
    assert max(platform.received.values()) == 1
    assert result.usage.requests == test["messages"].n_unique() - 1
    assert stored.schema == pl.Schema(PREDICTIONS)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(401, "UNAUTHENTICATED", AuthenticationError), (400, "FAILED_PRECONDITION", FailedPrecondition)],
)
def test_a_key_or_model_that_is_refused_in_mid_run_ends_it_with_the_reason(
    store: Workspace, status: int, code: str, error: type[Exception]
) -> None:
    class Revoked(FakePlatform):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if sum(self.received.values()) >= 10:
                return httpx.Response(status, json={"error": {"message": "the key was revoked", "code": code}})
            return super().__call__(request)

    with pytest.raises(ExceptionGroup) as raised:
        run(Revoked(), rows(40), store)
    assert raised.value.subgroup(error) is not None
    with pytest.raises(dg.Failure, match="the key was revoked"), readable_failures():
        raise raised.value
    rest = FakePlatform()
    assert run(rest, rows(40), store).predictions["outcome"].unique().to_list() == ["correct"]
    assert 28 <= sum(rest.received.values()) <= 30


def test_no_rows_are_no_requests(store: Workspace) -> None:
    result = run(FakePlatform(), rows(3).clear(), store)
    assert (result.usage.requests, result.sent, result.predictions.height) == (0, 0, 0)


def test_only_a_platform_that_understands_no_request_has_refused_them_all(store: Workspace) -> None:
    everything = {f"text {i}" for i in range(4)}
    assert "not today" in (run(FakePlatform(refused=everything), rows(4), store).rejection or "")
    assert run(FakePlatform(refused={"text 1"}), rows(4), store).rejection is None


def test_an_answer_cut_off_by_a_crash_is_asked_for_again(store: Workspace) -> None:
    run(FakePlatform(), rows(5), store)
    (collection,) = list((Path(store.root) / "tickets" / "answers").iterdir())
    collection.write_bytes(collection.read_bytes()[:-4])
    platform = FakePlatform()
    result = run(platform, rows(5), store)
    assert sum(platform.received.values()) == 1
    assert result.predictions["outcome"].unique().to_list() == ["correct"]


class Inflating(FakePlatform):
    """Reports tokens that no request of this size can have."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = super().__call__(request).json()
        return httpx.Response(200, json=body | {"usage": {"prompt_tokens": 10_000_000, "completion_tokens": 5_000}})


def test_impossible_numbers_of_tokens_count_as_the_most_that_is_possible(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("one", "another"):
        caplog.clear()
        result = run(Inflating(), rows(3), Workspace(str(tmp_path / folder)))
        assert result.usage.completion_tokens == 3 * PROMPT.max_tokens
        assert 3 * 1_000 < result.usage.prompt_tokens < 3 * 2_000
        assert caplog.text.count("more prompt tokens than the request can have") == 1, "once for each evaluation"


def test_tokens_are_counted_as_they_come_those_of_stored_answers_first(tmp_path: Path) -> None:
    store, counted = Workspace(str(tmp_path)), list[tuple[int, int]]()

    def ask_counting(count: int, most: int = 10**9) -> None:
        async def work() -> None:
            client = Fireworks(
                base_url="http://host", api_key="k", account_id="acme", transport=httpx.MockTransport(FakePlatform())
            )

            def count_tokens(prompt: int, completion: int) -> None:
                counted.append((prompt, completion))
                if sum(item[0] for item in counted) > most:
                    raise CeilingReached("k", 1, 1, 1, 0)

            async with client:
                cache = ResponseCache(store, "tickets", "m", PROMPT.digest)
                await ask(
                    client, "m", PROMPT, rows(count), cache, what="test", concurrency=1, count_tokens=count_tokens
                )

        with readable_failures():
            asyncio.run(work())

    ask_counting(2)
    assert counted == [(0, 0), (7, 2), (7, 2)]
    counted.clear()
    with pytest.raises(dg.Failure, match="would pass the approved"):
        ask_counting(99, most=20)
    assert counted == [(14, 4), (7, 2)]
    assert run(FakePlatform(), rows(99), store).sent == 96, "the answer that was one too many is kept"
