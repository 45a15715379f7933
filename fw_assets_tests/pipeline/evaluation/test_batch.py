"""Batch inference on the embedded platform: one job for all rows, then one for the missing ones."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.resource_ids import batch_id
from fw_assets.classification.catalogue.tuning_grid import grid
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.prices import Price, PriceBook
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import COUNTED
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Inference, Session
from fw_assets.embedded import api_key, counts, create_app
from fw_assets.embedded.records import model_documents
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.embedded.store.resource_names import ACCOUNT
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline import progress
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.attempts import AttemptFailed, BatchStalled
from fw_assets.pipeline.evaluation.batch import ask_in_batch
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Done, InProcessPool, Project

MODEL = "accounts/fireworks/models/char-ngram"
LABELS = ("billing", "technical")
PROMPT = Prompt(
    system=None, labels=LABELS, answers=LABELS, mode="grammar", json_key=None, multi_label=False, max_tokens=8
)


def rows(texts: Sequence[str]) -> pl.DataFrame:
    messages = [[{"role": "user", "content": text}, {"role": "assistant", "content": "billing"}] for text in texts]
    return pl.DataFrame(
        {
            "id": [f"train:{number}" for number in range(len(texts))],
            "messages": [json.dumps(turns) for turns in messages],
            "labels": [["billing"]] * len(texts),
            "group": pl.Series(range(len(texts)), dtype=pl.UInt32),
        }
    )


class EmbeddedPlatform:
    """An embedded platform, and a workspace for the answers."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "platform"
        self.workspace = Workspace(str(folder / "workspace"))

    def cache(self, decoding: str = "batch") -> ResponseCache:
        return ResponseCache(self.workspace, "tickets", MODEL, [PROMPT.digest, decoding])

    def call(self, work: Callable[[Fireworks], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            transport = httpx.ASGITransport(create_app(self.home))
            async with Fireworks(base_url="http://embedded", api_key=api_key(self.home), transport=transport) as client:
                return await work(client)

        return asyncio.run(inside())

    def batch(
        self,
        frame: pl.DataFrame,
        job: str = "fwa-batch-a",
        prompt: Prompt = PROMPT,
        approval: str = "a1",
        **options: Any,
    ) -> InferenceResult:
        cache = self.cache(prompt.digest)
        attempts = Attempts(self.workspace, "tickets", approval)
        result = self.call(
            lambda client: ask_in_batch(
                client, MODEL, prompt, frame, cache, job=job, poll=0.05, what="test", attempts=attempts, **options
            )
        )
        assert isinstance(result, InferenceResult)
        return result

    def jobs(self) -> int:
        return counts(self.home)["batchInferenceJobs"]


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedPlatform:
    return EmbeddedPlatform(tmp_path)


TEXTS = [f"a {word} question number {number}" for number in range(6) for word in ("billing", "technical")]


def test_the_answers_are_those_of_single_requests_and_are_asked_once(embedded: EmbeddedPlatform) -> None:
    frame = rows([*TEXTS, TEXTS[0]])
    result = embedded.batch(frame)
    assert result.sent == len(TEXTS)
    single = embedded.call(lambda client: ask(client, MODEL, PROMPT, frame, embedded.cache("single"), what="test"))
    assert result.predictions.equals(single.predictions.drop("probabilities")), "batch jobs give no distribution"
    assert result.usage == single.usage
    again = embedded.batch(frame)
    assert (again.sent, embedded.jobs()) == (0, 1)
    assert again.predictions.equals(result.predictions)


def test_a_job_whose_answers_were_lost_is_adopted_and_only_new_rows_are_asked(embedded: EmbeddedPlatform) -> None:
    embedded.batch(rows(TEXTS[:6]))
    for file in Path(embedded.workspace.root).rglob("answers/*.jsonl"):
        file.unlink()
    assert embedded.batch(rows(TEXTS[:6])).sent == 0
    assert embedded.jobs() == 1
    more = embedded.batch(rows(TEXTS))
    assert (more.sent, embedded.jobs()) == (6, 2)
    assert set(more.predictions["outcome"]) <= {"correct", "wrong_label"}


def test_rows_that_are_refused_every_time_cost_one_job_per_call(embedded: EmbeddedPlatform) -> None:
    for calls in (1, 2, 3):
        result = embedded.batch(rows(TEXTS[:3]), prompt=PROMPT.unconstrained())
        assert (result.sent, result.usage.requests, embedded.jobs()) == (3, 0, calls)
        assert "chooses among given labels" in (result.rejection or "")
        assert set(result.predictions["outcome"]) == {"failed"}


def test_a_job_that_had_failed_is_left_as_it_is_and_its_rows_are_asked_in_another(embedded: EmbeddedPlatform) -> None:
    embedded.batch(rows(TEXTS[:4]))
    for file in Path(embedded.workspace.root).rglob("answers/*.jsonl"):
        file.unlink()
    platform = open_platform(embedded.home)
    with platform.database.write() as connection:
        documents.update(connection, "batchInferenceJobs", ACCOUNT, "fwa-batch-a", {"state": "JOB_STATE_FAILED"})
        documents.delete(connection, "datasets", ACCOUNT, batch_id("fwa-batch-a", "answers"))
    with pytest.raises(AttemptFailed, match=r"approve again to try a second time \(attempt 2 of 3\)"):
        embedded.batch(rows(TEXTS[:4]))
    assert embedded.jobs() == 1
    result = embedded.batch(rows(TEXTS[:4]), approval="a2")
    assert (result.sent, embedded.jobs()) == (4, 2)
    assert set(result.predictions["outcome"]) <= {"correct", "wrong_label"}
    assert embedded.batch(rows(TEXTS[:4])).sent == 0


def test_jobs_that_fail_with_words_about_reasoning_are_attempts_like_others(embedded: EmbeddedPlatform) -> None:
    default, outcomes = PROMPT.with_default_effort(), list[str]()
    for approval in ("a1", "a1", "a1", "a2", "a3", "a4"):
        try:
            outcomes.append(str(embedded.batch(rows(TEXTS[:4]), prompt=default, approval=approval).sent))
        except AttemptFailed as failed:
            outcomes.append(f"attempt {failed.attempt}")
        for file in Path(embedded.workspace.root).rglob("answers/*.jsonl"):
            file.unlink()
        platform = open_platform(embedded.home)
        failure = {"state": "JOB_STATE_FAILED", "status": {"message": "the thinking model crashed"}}
        with platform.database.write() as connection:
            for job in documents.list_all(connection, "batchInferenceJobs", ACCOUNT):
                id = job["name"].rsplit("/", 1)[-1]
                documents.update(connection, "batchInferenceJobs", ACCOUNT, id, failure)
                if documents.find(connection, "datasets", ACCOUNT, batch_id(id, "answers")):
                    documents.delete(connection, "datasets", ACCOUNT, batch_id(id, "answers"))
    # The first may have been refused for a field that its successors go without.
    assert outcomes == ["4", "4", "attempt 1", "4", "4", "attempt 3"]
    assert embedded.jobs() == 4


def test_a_sample_that_is_refused_for_how_a_model_reasons_is_asked_for_once(embedded: EmbeddedPlatform) -> None:
    embedded.home.mkdir()
    (embedded.home / "faults.json").write_text('{"reasoning": "refused"}')
    for sent in (3, 0, 0):
        result = embedded.batch(rows(TEXTS[:3]), prompt=PROMPT.unconstrained())
        assert (result.sent, embedded.jobs()) == (sent, 1)
        assert "reasoning" in (result.rejection or "")


def test_three_jobs_in_all_are_started_while_jobs_fail(embedded: EmbeddedPlatform) -> None:
    embedded.call(lambda client: client.datasets())
    (embedded.home / "faults.json").write_text('{"fail_jobs": "INTERNAL"}')
    for approval, jobs in (("a1", 1), ("a1", 1), ("a2", 2), ("a3", 3), ("a4", 3)):
        with pytest.raises(AttemptFailed, match="no other is made" if jobs == 3 else "approve again"):
            embedded.batch(rows(TEXTS[:4]), approval=approval)
        assert embedded.jobs() == jobs


def test_a_job_that_never_begins_is_given_up_with_advice(embedded: EmbeddedPlatform) -> None:
    embedded.call(lambda client: client.datasets())
    (embedded.home / "faults.json").write_text('{"stall": 2}')
    with pytest.raises(BatchStalled, match="inference: deployment"):
        embedded.batch(rows(TEXTS), stall=0.3)
    (embedded.home / "faults.json").unlink()
    assert embedded.batch(rows(TEXTS)).sent == 0, "the same job is waited for"


def test_a_job_waits_for_its_turn_for_as_long_as_that_takes_and_says_so(
    embedded: EmbeddedPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    embedded.call(lambda client: client.datasets())
    faults = embedded.home / "faults.json"
    faults.write_text('{"pending": 43200}')

    async def work(client: Fireworks) -> InferenceResult:
        async def pass_the_time() -> None:
            while not any(job.state == "PENDING" for job in await client.batch_inference_jobs()):
                await asyncio.sleep(0.05)
            await asyncio.sleep(4)
            faults.write_text('{"pending": 43200, "pending_passed": 43200}')

        attempts = Attempts(embedded.workspace, "tickets", "a1")
        asked = ask_in_batch(
            *(client, MODEL, PROMPT, rows(TEXTS), embedded.cache()),
            job="fwa-batch-a",
            poll=0.05,
            what="test",
            attempts=attempts,
            stall=3,
        )
        result, _ = await asyncio.gather(asked, pass_the_time())
        return result

    with caplog.at_level(logging.INFO, "fw_assets.fireworks"):
        assert embedded.call(work).sent == len(TEXTS)
    assert "waiting for batch inference job fwa-batch-a: PENDING 0 %" in caplog.text
    assert embedded.jobs() == 1


@pytest.mark.parametrize(
    ("state", "reason", "left"),
    [
        ("EXPIRED", "the time ran out.*approve again to try a second time", len(TEXTS) // 2),
        ("DELETED", "it was deleted on the platform; approve again", len(TEXTS)),
    ],
)
def test_what_a_job_finished_before_it_ended_is_kept_and_the_others_are_asked_again(
    embedded: EmbeddedPlatform, state: str, reason: str, left: int
) -> None:
    embedded.call(lambda client: client.datasets())
    faults = embedded.home / "faults.json"
    faults.write_text(json.dumps({"end_jobs": state}))
    with pytest.raises(AttemptFailed, match=f"ended {state}: {reason}"):
        embedded.batch(rows(TEXTS))
    faults.unlink()
    assert embedded.batch(rows(TEXTS), approval="a2").sent == left
    assert embedded.jobs() == 2


def test_a_large_upload_reports_its_progress(embedded: EmbeddedPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "MIN_REPORTED_BYTES", 1000)
    messages: list[progress.Message] = []
    with progress.listening(messages.append):
        embedded.batch(rows(TEXTS))
    uploads = [
        message
        for message in messages
        if isinstance(message, progress.Progress) and message.what == "upload of fwa-batch-a, MB"
    ]
    assert uploads
    assert uploads[-1].done == uploads[-1].total


class NotShared(Project):
    """A platform whose base models are served in batch jobs, or on a deployment, and not without one."""

    def __init__(self, folder: Path, rows: int) -> None:
        super().__init__(folder, rows)
        self.make_pool = InProcessPool  # processes of their own would not see the patch

    def run(self, *arguments: str) -> Done:
        document = model_documents.base_document
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                model_documents, "base_document", lambda model: {**document(model), "supportsServerless": False}
            )
            return super().run(*arguments)


def test_everything_of_an_evaluation_is_asked_in_batch_jobs_that_the_plan_names(tmp_path: Path) -> None:
    project = NotShared(tmp_path, rows=80)
    session = tmp_path / "s.yaml"
    session.write_text("null_control: true\nfree_rows: 10\nlora_ranks: 16\nlearning_rates: 0.1\n")
    done = project.run(
        *project.workflow("--session", str(session), "--inference", "batch", "--deploy", "never", "--json")
    )
    assert done.returncode == 0, done.stderr
    (candidate,) = json.loads(done.stdout)["candidates"]
    assert candidate["strategy"] == "batch"
    assert candidate["base"]["null_control"]["rows"] == candidate["base"]["rows"]
    assert candidate["base"]["free"]["supported"] is False
    assert candidate["tuned"]["free"]["rows"] == 10
    assert candidate["tuned"]["free"]["supported"] is True
    plan = json.loads((project.workspace / "tickets" / "plan.json").read_text("utf-8"))
    named = {item["id"]: item["purpose"] for item in plan["created"] if item["kind"] == "batch inference job"}
    platform = open_platform(project.workspace / ".platform")
    with platform.database.read() as connection:
        started = {
            item["name"].rsplit("/", 1)[-1] for item in documents.list_all(connection, "batchInferenceJobs", ACCOUNT)
        }
    assert started <= set(named)
    assert len(started) == 9, "five for the base model, four for the fine-tuned one"
    assert project.platform()["deployments"] == 0

    prediction = project.run("predict", "tickets", "I was charged twice")
    assert prediction.returncode == 1
    assert "has no address that requests could go to" in prediction.stderr
    assert "--inference deployment" in prediction.stderr


TEXT = TextVolume(rows=1000, messages=1000, prompt_tokens=50_000, answer_tokens=2_000)
PRICES = [("inference-input", 0.2), ("inference-output", 0.4), ("training", 0.5), ("deployment-hour", 7.0)]


def price(strategy: Inference, **extra: TextVolume) -> Estimate:
    book = PriceBook(layers=(tuple(Price.model_validate({"item": item, "usd": usd}) for item, usd in PRICES),))
    model = PlannedModel(
        name=MODEL,
        slug="m",
        tunable=True,
        strategy=strategy,
        tuned_strategy="batch" if strategy == "batch" else "deployment",
        cells=grid(Session(), None, 1000),
    )
    workload = Workload(train=TEXT, sweep=TEXT, validation=TEXT, test=TEXT, **extra)
    return estimate_costs([model], workload, Session(), Pricing(prices=book, ratio=COUNTED, timing=FIREWORKS_TIMING))


def test_a_batch_costs_half_of_serverless_and_no_hours() -> None:
    batch, serverless = price("batch"), price("serverless")
    one, other = batch.line("base-evaluation/m"), serverless.line("base-evaluation/m")
    assert one.usd is not None
    assert other.usd is not None
    assert one.usd.expected == pytest.approx(other.usd.expected / 2)
    tuned = batch.line("tuned-evaluation/m")
    assert tuned.usd == one.usd
    assert {part.item for part in tuned.parts} == {"inference-input", "inference-output"}
    assert "half the serverless price" in tuned.formula


def test_unconstrained_rows_and_the_null_control_are_in_the_price_of_a_batch() -> None:
    extra = {"unconstrained": TEXT.scaled(50), "null_control": TEXT}
    plain, more = price("batch"), price("batch", **extra)

    def tokens(estimated: Estimate, key: str) -> float:
        return estimated.line(key).parts[0].quantity.expected

    assert tokens(more, "base-evaluation/m") == pytest.approx(tokens(plain, "base-evaluation/m") * 3.05 / 2)
    assert tokens(more, "tuned-evaluation/m") == pytest.approx(tokens(plain, "tuned-evaluation/m") * 2.05 / 2)
