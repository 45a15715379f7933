"""The workflow's values on the example data, with simulated answers in place of a platform."""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.ledger import LedgerEntry, cost_rows
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.gate.deploy_gate import gate
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.metrics.scores import Scores, score
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt, make_prompt
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.selection.pair_comparison import compare_all
from fw_assets.classification.selection.selection import Candidate, choose_finalists, choose_winner
from fw_assets.classification.session import Session
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.changed_rows import changed_rows
from fw_assets.report.assembly.deployment import Deployed
from fw_assets.report.assembly.recommended_code import Served
from fw_assets.report.schema.report import Run
from fw_assets.report.schema.tuning import SweepCellResult
from fw_assets_tests.classification.frames import inspect_in_memory

EXAMPLE = Path(__file__).parents[2] / "examples" / "support-intents.jsonl"
MODELS = ("accounts/fireworks/models/qwen3-8b", "accounts/fireworks/models/qwen3-4b")


@functools.cache
def planned(session: Session | None = None, data: Path = EXAMPLE) -> tuple[Plan, Prompt, pl.DataFrame]:
    """The plan of the example data, its prompt and its split rows."""
    session = session or Session(dataset=str(data), models=MODELS, finalists=1)
    frame, inspected = inspect_in_memory(data, None, session)
    rows, labels = resolve(frame, inspected, session)
    prompt = make_prompt(rows, labels)
    catalogue = [
        CatalogueModel(name=name, parameter_count=8_000_000_000, tunable=True, serverless=True, supports_lora=True)
        for name in session.models
    ]
    pricing = Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)
    volumes = measure_volumes(rows, system=prompt.system or "")
    plan = make_plan(session, "support-intents", inspected, labels, prompt.digest, catalogue, volumes, pricing)
    return plan, prompt, rows


def answers(prompt: Prompt, rows: pl.DataFrame, skill: float, seed: int, failed: int = 0) -> pl.DataFrame:
    """Predictions that are right with probability `skill`; the first `failed` rows got no answer."""
    rng = random.Random(seed)
    completions = {}
    for index, (identity, gold) in enumerate(rows.select("id", "labels").iter_rows()):
        labels = gold if rng.random() < skill else [rng.choice(prompt.labels)]
        completion = Completion(text=prompt.render(labels), finish_reason="stop")
        completions[identity] = Completion(error="timed out") if index < failed else completion
    return predictions_frame(prompt, rows, completions)


@functools.cache
def finished(
    session: Session | None = None, *, base: float = 0.5, tuned: float | None = 0.95, failed: int = 0
) -> dict[str, Any]:
    """The arguments of `build_report` after a whole run; `tuned` null stops at the benchmark."""
    plan, prompt, rows = planned(session)
    labels = plan.label_set.labels
    parts = {name: rows.filter(pl.col("split") == name) for name in ("validation", "test")}
    texts = {identity: input_text(messages) for identity, messages in rows.select("id", "messages").iter_rows()}
    results, ranked = [], []
    for index, model in enumerate(plan.session.models):
        skill = base - 0.2 * index
        validation = _scores(answers(prompt, parts["validation"], skill, index), labels)
        ranked.append(Candidate(model=model, validation=validation.accuracy))
        results.append((model, answers(prompt, parts["test"], skill, 10 + index, failed), validation))
    finalists = choose_finalists(ranked, plan.session.finalists)
    comparisons, described = {}, []
    for model, before, validation in results:
        inputs: dict[str, Any] = {"base_scores": _scores(before, labels), "base_validation": validation.accuracy}
        if tuned is not None and model in finalists.chosen:
            name = f"accounts/acme/models/fwa-{model.rsplit('/', 1)[-1]}"
            final = _scores(answers(prompt, parts["validation"], tuned, 20), labels)
            after = answers(prompt, parts["test"], tuned, 21)
            ranked.append(Candidate(model=name, kind="tuned", validation=final.accuracy))
            comparisons[model] = compare(before, after, labels=labels, resamples=200)
            inputs |= {
                "tuned_model": name,
                "tuned_scores": _scores(after, labels),
                "tuned_validation": final.accuracy,
                "flips": changed_rows(before, after, texts),
                "sweep": [
                    SweepCellResult(
                        name="r8", lora_rank=8, learning_rate=1e-4, epochs=3, eval_accuracy=0.9, chosen=True
                    )
                ],
            }
        described.append((model, inputs))
    winner = choose_winner(ranked)
    won = next((model for model, inputs in described if inputs.get("tuned_model") == winner.model), None)
    adjusted = compare_all(comparisons, alone=[won] if won else [])
    compared = adjusted[won] if won else None
    decision = gate(winner, compared, plan.session.deploy, complete=not failed)
    deployed, served = None, None
    if decision.deploys:
        address = f"{winner.model}#accounts/acme/deployments/fwa-support"
        deployed = Deployed(
            id="fwa-support",
            endpoint="https://api.fireworks.ai/inference/v1/chat/completions",
            address=address,
        )
        served = Served(
            address=address,
            endpoint=deployed.endpoint,
            model=won or winner.model,
            kind=winner.kind,
            deployed=True,
        )
    entries = [
        LedgerEntry(key=line.key, id=f"e{i}", quantity=1, unit="tokens", usd=line.usd.low if line.usd else None, at="")
        for i, line in enumerate(plan.estimate.lines)
        if line.counted
        and not (line.conditional and line.model not in {m.rsplit("/", 1)[-1] for m in finalists.chosen})
    ]
    return {
        "plan": plan,
        "prompt": prompt,
        "candidates": [
            CandidateInputs(model=model, comparison=adjusted.get(model), **inputs) for model, inputs in described
        ],
        "finalists": finalists,
        "winner": winner,
        "gate": decision,
        "deployment": deployed,
        "served": served,
        "predict": "fw-assets predict support-intents",
        "cost_rows": cost_rows(plan.estimate, entries),
        "run": Run(platform="fireworks", account="acme"),
        "versions": {"fw-assets": "0.1.0"},
    }


def _scores(predictions: pl.DataFrame, labels: tuple[str, ...]) -> Scores:
    return score(predictions, labels, False)
