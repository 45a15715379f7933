"""A handful of rows goes ahead of a batch, so that a model that only thinks is not paid for all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.embedded.store.resource_names import ACCOUNT
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.answers import ThinksBeforeAnswering
from fw_assets.pipeline.evaluation.batch_pilot import ask_pilot
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import HANDFUL
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.evaluation.test_batch import MODEL, PROMPT, TEXTS, EmbeddedPlatform, rows
from fw_assets_tests.project import InProcessPool, Project

PILOT, JOB = "fwa-batch-pilot", "fwa-batch-a"


def pilot(embedded: EmbeddedPlatform, texts: list[str], cache: ResponseCache) -> None:
    attempts = Attempts(embedded.workspace, "tickets", "a1")

    async def work(client: Fireworks) -> None:
        await ask_pilot(
            client, MODEL, PROMPT, rows(texts), cache, pilot=PILOT, job=JOB, poll=0.05, what="test", attempts=attempts
        )

    embedded.call(work)


def jobs(home: Path) -> list[str]:
    with open_platform(home).database.read() as connection:
        listed = documents.list_all(connection, "batchInferenceJobs", ACCOUNT)
    return [item["name"].rsplit("/", 1)[-1] for item in listed]


def test_the_first_rows_are_asked_alone_and_not_again(tmp_path: Path) -> None:
    embedded = EmbeddedPlatform(tmp_path)
    pilot(embedded, [TEXTS[0], TEXTS[0], *TEXTS], embedded.cache(PROMPT.digest))
    assert len(embedded.cache(PROMPT.digest)) == HANDFUL
    assert embedded.batch(rows(TEXTS)).sent == len(TEXTS) - HANDFUL
    pilot(embedded, TEXTS, embedded.cache(PROMPT.digest))
    assert set(jobs(embedded.home)) == {PILOT, JOB}
    for file in Path(embedded.workspace.root).rglob("answers/*.jsonl"):
        file.unlink()
    pilot(embedded, TEXTS, embedded.cache(PROMPT.digest))
    assert embedded.batch(rows(TEXTS)).usage.requests == len(TEXTS)
    assert set(jobs(embedded.home)) == {PILOT, JOB}, "answers that were lost are read again, and not asked"


def test_few_rows_and_jobs_of_before_have_no_pilot(tmp_path: Path) -> None:
    embedded = EmbeddedPlatform(tmp_path)
    pilot(embedded, TEXTS[:HANDFUL], embedded.cache(PROMPT.digest))
    assert not jobs(embedded.home)
    embedded.batch(rows(TEXTS))
    for file in Path(embedded.workspace.root).rglob("answers/*.jsonl"):
        file.unlink()
    pilot(embedded, TEXTS, embedded.cache(PROMPT.digest))
    assert jobs(embedded.home) == [JOB]


def test_a_model_that_only_thinks_is_paid_for_a_handful(tmp_path: Path) -> None:
    embedded = EmbeddedPlatform(tmp_path)
    embedded.home.mkdir(parents=True)
    (embedded.home / "faults.json").write_text(json.dumps({"reasoning": "ignored"}))
    for _ in range(2):
        with pytest.raises(ThinksBeforeAnswering):
            pilot(embedded, TEXTS, embedded.cache(PROMPT.digest))
    assert jobs(embedded.home) == [PILOT]
    assert len(embedded.cache(PROMPT.digest)) == HANDFUL


def test_an_evaluation_in_batch_ends_after_a_handful_and_the_ledger_has_its_price(here: Project) -> None:
    here.make_pool = InProcessPool
    home = here.workspace / ".platform"
    home.mkdir(parents=True)
    (home / "faults.json").write_text(json.dumps({"reasoning": "ignored"}))
    prices = [
        {"model": MODEL, "item": item, "unit": "1M tokens", "usd": 100.0}
        for item in ("inference-input", "inference-output")
    ]
    (home / "prices.json").write_text(json.dumps({"prices": prices}))
    arguments = ("--model", "char-ngram", "--inference", "batch", "--epochs", "1", "--approve")
    done = here.run("run", str(here.data), *arguments)
    assert done.returncode != 0
    assert "thinks before it answers" in " ".join(done.stderr.split())
    assert len(jobs(home)) == 1
    account = approved_account(Workspace(str(here.workspace)), "tickets")
    (paid,) = account.entries()
    assert paid.key == "base-evaluation/char-ngram"
    assert 0 < (paid.usd or 0.0) < (account.estimate.line(paid.key).known_usd.high) / 2
    assert not account.ledger().reservations
