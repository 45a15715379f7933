"""Ids of what training and batch inference create: the same for the same content, and for nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.prompting.prompt import make_prompt, request
from fw_assets.classification.session import Session
from fw_assets.classification.splits.turn_fields import turn_fields
from fw_assets.fireworks import Dataset, FineTuningJob, FineTuningSpec, Fireworks, Money, NotFound, Stalled
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.errors.attempts import JobStalled
from fw_assets.pipeline.errors.budget import EstimateAboveHeld
from fw_assets.pipeline.platform.fine_tuning import Upload, upload
from fw_assets.pipeline.steps.training import TrainingData, TrainingPart, run_training_job, upload_training_data
from fw_assets.workspace.dataset_rows import split_rows_path
from fw_assets.workspace.frames import sink_frame
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.classification.frames import inspect_in_memory
from fw_assets_tests.pipeline.budget.fixed_account import fixed_account
from fw_assets_tests.report.workflow import planned

MODELS = tuple(
    CatalogueModel(
        name=f"accounts/{owner}/models/{slug}",
        parameter_count=8 * 10**9,
        tunable=True,
        serverless=True,
        grid=(PublishedCell(lora_rank=8, learning_rate=1e-4, batch_size=batch),),
    )
    for owner, slug, batch in (("fireworks", "small", None), ("me", "small", None), ("fireworks", "large", 4))
)
ACCOUNT = "me"


class _Created(Exception):
    """The job was created, which is all that is looked at."""


@dataclass
class Recorder:
    """A platform's client that keeps what is created on it."""

    contents: dict[str, Any] = field(default_factory=dict)
    estimate: Money | None = None
    dataset_tokens: int | None = None

    async def ensure_dataset(self, dataset_id: str, path: Path, **options: Any) -> Any:
        self.contents[dataset_id] = [path.read_bytes(), options["rows"], options.get("format")]
        return Dataset(name=f"accounts/{ACCOUNT}/datasets/{dataset_id}", estimated_token_count=self.dataset_tokens)

    async def fine_tuning_job(self, job_id: str) -> FineTuningJob:
        raise NotFound(404, f"{job_id} does not exist")

    async def fine_tuning_jobs(self) -> list[FineTuningJob]:
        return []

    async def estimate_fine_tuning_cost(self, spec: FineTuningSpec) -> Money | None:
        return self.estimate

    async def ensure_fine_tuning_job(self, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
        self.contents[job_id] = spec.body(ACCOUNT)
        raise _Created


@dataclass(frozen=True)
class Variant:
    """A dataset and a session, with everything in it that a content can depend on."""

    name: str = "march"
    changed_text: bool = False
    changed_label: bool = False
    reversed_rows: bool = False
    weights: tuple[float, ...] = ()
    speaker: str = ""
    tool: bool = False
    model: int = 0
    seed: int = 42
    epochs: int | None = None
    mitigation: str = "none"
    threshold: float = 3.0
    sweep_rows: int = 40
    train_fraction: float = 0.8
    free_rows: int = 0
    lora_ranks: tuple[int, ...] | None = None

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for number in range(72):
            label = ("billing", "technical", "sales")[number % 3 if number < 36 else number % 2 if number < 54 else 0]
            if self.changed_label and number == 5:
                label = "billing"
            text = (
                f"the {number * 7919 % 10007}th question, {'again' if self.changed_text and number == 7 else 'first'}"
            )
            user: dict[str, Any] = {"role": "user", "content": text}
            if self.speaker and number == 9:
                user["name"] = self.speaker
            if self.tool and number == 11:
                user["content"] = [{"type": "text", "text": text}]
            row: dict[str, Any] = {"messages": [user, {"role": "assistant", "content": label}]}
            if self.weights:
                row["weight"] = self.weights[number % len(self.weights)]
            rows.append(row)
        return rows[::-1] if self.reversed_rows else rows

    def contents(self) -> dict[str, Any]:
        """By id, what would be created under it."""
        with tempfile.TemporaryDirectory() as folder:
            return self._contents(Path(folder))

    def _contents(self, folder: Path) -> dict[str, Any]:
        file = folder / f"{self.name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in self.rows()), "utf-8")
        model = MODELS[self.model]
        session = Session(
            dataset=str(file),
            models=(model.name,),
            seed=self.seed,
            epochs=self.epochs,
            mitigation=cast("Any", self.mitigation),
            imbalance_threshold=self.threshold,
            sweep_rows=self.sweep_rows,
            train_fraction=self.train_fraction,
            free_rows=self.free_rows,
            lora_ranks=self.lora_ranks,
        )
        frame, inspected = inspect_in_memory(file, None, session)
        rows, labels = resolve(frame, inspected, session, turn_fields(frame.select("id", "messages").iter_rows()))
        prompt = make_prompt(rows, labels)
        pricing = Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)
        volumes = measure_volumes(rows)
        plan = make_plan(session, self.name, inspected, labels, prompt.digest, [model], volumes, pricing)
        store = Workspace(str(folder / "workspace"))
        store.write("prompt", self.name, prompt, inputs="")
        store.write("label_set", self.name, labels, inputs="")
        sink_frame(store, rows.lazy(), *split_rows_path(self.name))
        account = PlanAccount(store, self.name, plan, session.mitigation)
        recorder = Recorder()
        client = cast("Fireworks", recorder)
        slug = plan.models[0].slug

        async def create(part: TrainingPart, share: float) -> None:
            data = await upload_training_data(client, account, part, share)
            for cell in plan.models[0].cells:
                try:
                    await run_training_job(client, account, slug, cell, data, line="none", poll=1, what="test")
                except _Created:
                    continue

        for part, share in (("train", 1.0), ("sweep", 1.0), ("train", 0.5)):
            asyncio.run(create(cast("TrainingPart", part), share))
        for evaluated in ("validation", "test"):
            asked = rows.filter(split=evaluated)["messages"]
            requests = [request(prompt, messages) for messages in asked]
            recorder.contents[plan.batch_id(model.name, cast("Any", evaluated))] = [model.name, requests]
        return recorder.contents


BASE = Variant()
CHANGES: tuple[dict[str, Any], ...] = (
    {"changed_text": True},
    {"changed_label": True},
    {"reversed_rows": True},
    {"weights": (1.0, 2.0)},
    {"weights": (2.0, 1.0)},
    {"speaker": "ann"},
    {"speaker": "bob"},
    {"tool": True},
    {"model": 1},
    {"model": 2},
    {"seed": 43},
    {"epochs": 2},
    {"mitigation": "rebalance"},
    {"mitigation": "rebalance", "threshold": 1.5},
    {"mitigation": "weight"},
    {"mitigation": "weight", "threshold": 1.5},
    {"mitigation": "drop-rare", "threshold": 2.5},
    {"sweep_rows": 20},
    {"sweep_rows": 10_000},
    {"train_fraction": 0.7},
    {"free_rows": 5},
    {"lora_ranks": (16, 32)},
)
seen: dict[str, tuple[Any, Variant]] = {}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(CHANGES), max_size=3), st.sampled_from(["march", "april", "Ünïcode 1", "x" * 80]))
def test_an_id_stands_for_one_content(changes: list[dict[str, Any]], name: str) -> None:
    variant = BASE
    for change in changes:
        variant = replace(variant, **change)
    try:
        contents = replace(variant, name=name).contents()
    except InputError:
        assume(False)  # no label is rare enough to be dropped
    for id, content in contents.items():
        earlier, first = seen.setdefault(id, (content, replace(variant, name=name)))
        assert content == earlier, (id, first, variant)


@pytest.mark.parametrize("change", [{}, *CHANGES], ids=lambda change: "-".join(change) or "as it is")
def test_each_change_gives_other_ids_and_another_name_does_not(change: dict[str, Any]) -> None:
    variant = replace(BASE, **change)
    contents = variant.contents()
    assert replace(variant, name="another").contents() == contents
    for id, content in contents.items():
        earlier, first = seen.setdefault(id, (content, variant))
        assert content == earlier, (id, first, variant)


class StalledJobs(Recorder):
    """A platform whose jobs run and do not move."""

    async def ensure_fine_tuning_job(self, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
        return FineTuningJob(name=f"accounts/{ACCOUNT}/supervisedFineTuningJobs/{job_id}")

    async def wait_fine_tuning_job(self, job_id: str, *, stall_timeout: float, **_: Any) -> FineTuningJob:
        raise Stalled(f"fine-tuning job {job_id}", stall_timeout, "RUNNING 37 %, without progress")


def test_a_job_that_does_not_move_for_an_hour_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    plan = planned()[0]
    model = next(model for model in plan.models if model.cells)
    rows = Upload("accounts/me/datasets/d", 10, 1_000)
    data = TrainingData("train", 1.0, rows, rows)
    work = run_training_job(
        cast("Fireworks", StalledJobs()),
        fixed_account(tmp_path, plan),
        model.slug,
        model.cells[0],
        data,
        line="sweep/m",
        poll=1,
        what="test",
    )
    with pytest.raises(JobStalled) as caught:
        asyncio.run(work)
    assert "made no progress for 60 minutes (last seen: RUNNING 37 %, without progress). Run again" in str(caught.value)
    assert "fw-assets run tickets --approve" in str(caught.value)


def test_a_job_that_the_platform_prices_above_what_is_held_is_never_created(tmp_path: Path) -> None:
    plan = planned()[0]
    model = next(model for model in plan.models if model.cells)
    rows = Upload("accounts/me/datasets/d", 10, 1_000)
    platform = Recorder(estimate=Money(units=12))
    account = fixed_account(tmp_path, plan)
    work = run_training_job(
        cast("Fireworks", platform),
        account,
        model.slug,
        model.cells[0],
        TrainingData("train", 1.0, rows, rows),
        line="sweep/m",
        poll=1,
        what="test",
    )
    with pytest.raises(EstimateAboveHeld) as caught:
        asyncio.run(work)
    assert "the platform estimates $12.0000 for it, more than the $4.0000 that the approved plan holds" in str(
        caught.value
    )
    assert f"{{item: training, model: {model.name.rsplit('/', 1)[-1]}, usd: 3.00}}` and plan again." in str(
        caught.value
    )
    assert platform.contents == {}
    assert (account.ledger().reservations, account.entries()) == ((), ())


@pytest.mark.parametrize(("told", "tokens"), [(None, None), (0, None), (60, 60), (10**9, None), (-1, None)])
def test_the_tokens_of_an_upload_are_what_the_platform_counted(told: int | None, tokens: int | None) -> None:
    plan, prompt, rows = planned()
    platform = cast("Fireworks", Recorder(dataset_tokens=told))
    weighted = rows.filter(split="test").with_columns(weight=pl.lit(None, pl.Float64))
    uploaded = asyncio.run(upload(platform, plan.dataset_id("train"), weighted, prompt))
    assert uploaded.tokens == tokens


def test_ids_are_legal_and_readable() -> None:
    ids = list(BASE.contents())
    assert all(id.startswith("fwa-") and len(id) <= 63 and "march" not in id for id in ids)
    assert any(id.startswith("fwa-train-rows-") for id in ids)
    assert any(id.startswith("fwa-validation-rows-") for id in ids)


def test_turn_fields_are_those_that_a_digest_of_texts_leaves_out() -> None:
    plain = '[{"role":"user","content":"a \\"name\\": {\\"x\\":1}"}]'
    extras = [
        '[{"role":"user","content":"a","name":"ann"}]',
        '[{"role":"user","content":"a","name":"bob"}]',
        '[{"role":"user","content":[{"type":"text","text":"a"}]}]',
        '[{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}]',
        '[{"role":"assistant","content":"a","weight":1}]',
    ]
    digests = turn_fields([("train:1", plain), *((f"train:{number}", text) for number, text in enumerate(extras, 2))])
    assert list(digests) == ["train:2", "train:3", "train:4", "train:5", "train:6"]
    assert len(set(digests.values())) == len(extras)
    respelled = '[{"content":"\\u0061","name":"ann","role":"user"}]'
    assert msgspec.json.decode(respelled) == msgspec.json.decode(extras[0])
    assert turn_fields([("train:2", respelled)])["train:2"] == digests["train:2"]
    assert all(one != other for one, other in itertools.combinations(digests.values(), 2))


@pytest.mark.parametrize(("reported", "counted"), [(None, None), (0, 0), (5_000, 5_000), (5_001, None), (-5, None)])
def test_more_tokens_of_training_than_bytes_are_no_count(reported: int | None, counted: int | None) -> None:
    assert Upload("accounts/me/datasets/d", 10, 1_000).possible_tokens(reported, 5) == counted
