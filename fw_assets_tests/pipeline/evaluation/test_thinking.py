"""Models that refuse `reasoning_effort`, and models that spend the tokens of an answer on their reasoning."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.exit_codes import INCOMPLETE
from fw_assets.fireworks import Fireworks, ReasoningRefused
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.errors.answers import ThinksBeforeAnswering
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import HANDFUL, ask_as_accepted
from fw_assets.pipeline.values.asked_prompt import asked_prompt
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.evaluation.test_batch import EmbeddedPlatform
from fw_assets_tests.pipeline.evaluation.test_online import PROMPT, rows
from fw_assets_tests.pipeline.test_successors import FaultyProject

REFUSALS = (
    "non-reasoning model does not support reasoning_effort",
    "reasoning_effort 'none' is not supported: this is a thinking-only model",
    "Extra inputs are not permitted, field: 'reasoning_effort', value: 'none'",
)


class Reasoner:
    """Refuses `reasoning_effort`, or spends the tokens of the texts in `thinks` on its reasoning."""

    def __init__(
        self,
        refusal: str = "",
        thinks: range = range(0),
        thought: Mapping[str, str | None] | None = None,
        end: str = "length",
    ) -> None:
        self.refusal, self.end = refusal, end
        self.thought = thought or {"content": "", "reasoning_content": "Let me see"}
        self.thinks = {f"text {number}" for number in thinks}
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        if self.refusal and "reasoning_effort" in body:
            return httpx.Response(400, json={"error": {"message": self.refusal, "code": "invalid_request_error"}})
        message: dict[str, Any] = {"role": "assistant", "content": "a"}
        reason = "stop"
        if body["messages"][-1]["content"] in self.thinks:
            message, reason = {"role": "assistant", **self.thought}, self.end
        choice = {"index": 0, "message": message, "finish_reason": reason}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        return httpx.Response(200, json={"id": "x", "choices": [choice], "usage": usage})


def client_of(platform: Reasoner) -> Fireworks:
    return Fireworks(base_url="http://host", api_key="k", account_id="acme", transport=httpx.MockTransport(platform))


def run(platform: Reasoner, store: Workspace, count: int = 40, prompt: Prompt = PROMPT) -> InferenceResult:
    async def work() -> InferenceResult:
        async with client_of(platform) as client:
            cache = ResponseCache(store, "tickets", "m", prompt.digest)
            return await ask(client, "m", prompt, rows(count), cache, what="test", concurrency=16)

    return asyncio.run(work())


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_effort_is_left_out_and_remembered(store: Workspace, refusal: str) -> None:
    store.write("prompt", "tickets", PROMPT, inputs="")
    platform = Reasoner(refusal)

    async def work(kind: str) -> InferenceResult:
        async with client_of(platform) as client:

            async def ask_rows(prompt: Prompt) -> InferenceResult:
                cache = ResponseCache(store, "tickets", "m", prompt.digest)
                return await ask(client, "m", prompt, rows(40), cache, what="test")

            return await ask_as_accepted(store, "tickets", "slug", kind, ask_rows)

    result = asyncio.run(work("base"))
    assert result.predictions["outcome"].unique().to_list() == ["correct"]
    assert len(platform.bodies) == 41, "one refusal for all rows"
    assert asked_prompt(store, "tickets", "slug", "base").reasoning_effort is None
    assert asked_prompt(store, "tickets", "slug", "tuned").reasoning_effort is None
    assert asked_prompt(store, "tickets", "another", "base") == PROMPT
    asyncio.run(work("tuned"))
    assert len(platform.bodies) == 41, "the tuned model is asked the same request, which was answered"


def test_a_refusal_by_the_tuned_model_alone_leaves_its_base_as_it_was_asked(store: Workspace) -> None:
    store.write("prompt", "tickets", PROMPT, inputs="")

    async def refuse_once(prompt: Prompt) -> str | None:
        if prompt.reasoning_effort:
            raise ReasoningRefused(400, REFUSALS[0])
        return prompt.reasoning_effort

    assert asyncio.run(ask_as_accepted(store, "tickets", "slug", "tuned", refuse_once)) is None
    assert asked_prompt(store, "tickets", "slug", "tuned").reasoning_effort is None
    assert asked_prompt(store, "tickets", "slug", "base").reasoning_effort == "none"


def test_a_refusal_that_has_another_cause_is_not_remembered(store: Workspace) -> None:
    store.write("prompt", "tickets", PROMPT, inputs="")

    async def refuse(prompt: Prompt) -> None:
        raise ReasoningRefused(400, "this account may not use reasoning models")

    with pytest.raises(ReasoningRefused):
        asyncio.run(ask_as_accepted(store, "tickets", "slug", "base", refuse))
    assert asked_prompt(store, "tickets", "slug", "base") == PROMPT


def test_a_chat_without_a_dataset_is_asked_again_too() -> None:
    platform = Reasoner(REFUSALS[0])

    async def work() -> str | None:
        async with client_of(platform) as client:
            body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": "none"}
            return (await client.chat_at_any_effort(body)).text

    assert asyncio.run(work()) == "a"
    assert ["reasoning_effort" in body for body in platform.bodies] == [True, False]


@pytest.mark.parametrize(
    "thought",
    [
        {"content": "", "reasoning_content": "Let me see"},
        {"reasoning": "Let me see"},
        {"content": "<think>Let me see"},
        {"content": "  "},
    ],
)
def test_reasoning_in_place_of_labels_ends_the_evaluation_after_a_handful(
    store: Workspace, thought: dict[str, str]
) -> None:
    platform = Reasoner(thinks=range(40), thought=thought)
    with pytest.raises(ThinksBeforeAnswering, match=r"thinks before it answers.*answers so far are kept"):
        run(platform, store)
    assert len(platform.bodies) == HANDFUL
    assert len(ResponseCache(store, "tickets", "m", PROMPT.digest)) == HANDFUL
    for _ in range(2):
        with pytest.raises(ThinksBeforeAnswering, match=f"{HANDFUL} of its first answers"):
            run(platform, store)
    assert len(platform.bodies) == HANDFUL, "a run after that pays for no more"


def test_a_server_that_takes_every_answer_for_reasoning_is_not_asked_for_all_rows(store: Workspace) -> None:
    platform = Reasoner(thinks=range(40), thought={"content": None, "reasoning_content": "a"}, end="stop")
    with pytest.raises(ThinksBeforeAnswering, match="5 of its first answers held nothing else"):
        run(platform, store)
    assert len(platform.bodies) == HANDFUL


def test_an_answer_after_its_reasoning_is_one(store: Workspace) -> None:
    platform = Reasoner(thinks=range(40), thought={"content": "a", "reasoning_content": "Let me see"}, end="stop")
    run(platform, store)
    assert len(platform.bodies) == 40


def test_the_answers_of_calls_before_count_towards_the_handful(store: Workspace) -> None:
    platform = Reasoner(thinks=range(40))
    run(platform, store, count=HANDFUL - 1)
    with pytest.raises(ThinksBeforeAnswering):
        run(platform, store)
    assert len(platform.bodies) == HANDFUL
    answered = Workspace(store.root + "-answered")
    run(Reasoner(), answered, count=20)
    result = run(Reasoner(thinks=range(20, 30)), answered, count=40)
    assert result.predictions["outcome"].value_counts().sort("outcome").rows() == [("correct", 30), ("truncated", 10)]


def test_a_model_that_thinks_too_long_now_and_then_is_measured(store: Workspace) -> None:
    result = run(Reasoner(thinks=range(0, 40, 5)), store)
    assert result.predictions["outcome"].value_counts().sort("outcome").rows() == [("correct", 32), ("truncated", 8)]


def test_a_sample_without_constraints_is_measured_however_it_thinks(store: Workspace) -> None:
    result = run(Reasoner(thinks=range(40)), store, prompt=PROMPT.unconstrained())
    assert result.predictions["outcome"].unique().to_list() == ["truncated"]


@pytest.mark.parametrize("reasoning", ["refused", "required"])
def test_a_batch_job_that_is_refused_is_followed_by_one_without_the_field(tmp_path: Path, reasoning: str) -> None:
    embedded = EmbeddedPlatform(tmp_path)
    embedded.home.mkdir()
    (embedded.home / "faults.json").write_text(json.dumps({"reasoning": reasoning}))
    with pytest.raises(ReasoningRefused):
        embedded.batch(rows(8))
    default = PROMPT.with_default_effort()
    if reasoning == "required":
        with pytest.raises(ThinksBeforeAnswering):
            embedded.batch(rows(8), prompt=default)
        with pytest.raises(ThinksBeforeAnswering):
            embedded.batch(rows(8), prompt=default)
        with pytest.raises(ThinksBeforeAnswering):
            embedded.batch(rows(12), prompt=default)
    else:
        assert embedded.batch(rows(8), prompt=default).usage.requests == 8
    assert embedded.jobs() == 2


@pytest.mark.usefixtures("watched")
class TestWorkflow:
    @pytest.fixture
    def project(self, tmp_path: Path) -> FaultyProject:
        return FaultyProject(tmp_path)

    def test_everything_after_a_refusal_asks_the_same_request(self, project: FaultyProject) -> None:
        project.faults(reasoning="refused")
        done = project.go("--approve", priced=False)
        assert done.returncode == 0, done.stderr
        report = project.report()
        assert report["status"] == "complete"
        assert report["deployment"]["decision"] == "deployed"
        assert "reasoning_effort" not in report["snippets"]["python"] + report["snippets"]["curl"]
        assert project.run("predict", "tickets", "I was charged twice").returncode == 0

    def test_a_thinking_model_costs_a_handful_of_rows(self, project: FaultyProject) -> None:
        project.faults(reasoning="required")
        done = project.go("--approve", priced=False)
        assert done.returncode == INCOMPLETE
        assert "not evaluated: it thinks before it answers" in " ".join(done.stderr.split())
        assert "char-ngram thinks before it answers, whatever it is told" in project.report()["incomplete"][0]
        ledger = approved_account(Workspace(str(project.workspace)), "tickets").ledger()
        (paid,) = ledger.entries
        assert (paid.key, ledger.reservations) == ("base-evaluation/char-ngram", ())
        assert paid.quantity > HANDFUL
        assert not project.listed("datasets")
        assert not project.listed("supervisedFineTuningJobs")
        answers = list((project.workspace / "tickets" / "answers").glob("*.jsonl"))
        assert sum(len(path.read_text().splitlines()) for path in answers) == HANDFUL
