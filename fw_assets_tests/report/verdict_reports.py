"""Reports of runs whose verdict is known: so many texts of which tuning gained and lost so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.gate.deploy_gate import gate
from fw_assets.classification.gate.majority_line import majority_line
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.selection.pair_comparison import compare_accuracy, compare_all
from fw_assets.classification.selection.selection import Candidate, choose_winner
from fw_assets.classification.values import Interval
from fw_assets.report.assembly.baselines import baseline_results
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.deployment import Deployed
from fw_assets.report.assembly.pairs import Model, pair_result, tied_groups
from fw_assets.report.assembly.report import build_report
from fw_assets.report.schema.report import Report, Run
from fw_assets_tests.classification.prediction_frames import frame
from fw_assets_tests.report.workflow import planned

Right = NDArray[np.bool_]
BASE: Model = ("qwen3-8b", "base")
TUNED: Model = ("qwen3-8b", "tuned")


@dataclass(frozen=True)
class KnownRun:
    """One run on the test rows.

    Attributes:
        texts: distinct ones, each of which occurs `copies` times; `gained`, `lost`: of them.
        rare: share of the texts that do not have the first label.
        tied: both models are equal on the validation rows.
    """

    texts: int
    gained: int
    lost: int
    copies: int = 1
    rare: float = 0.75
    tied: bool = False


def verdict_report(run: KnownRun) -> Report:
    """The report of a base model and its fine-tuned descendant, beside the most frequent label as baseline."""
    plan, prompt, _ = planned()
    labels = plan.label_set.labels
    rows = run.texts * run.copies
    groups = {**plan.label_set.groups, "test": run.texts}
    plan = plan.model_copy(
        update={
            "rows": plan.rows | {"test": rows},
            "label_set": plan.label_set.model_copy(update={"groups": groups, "effective_groups": {}}),
        }
    )
    gold = np.zeros(run.texts, dtype=int)
    others = round(run.rare * run.texts)
    gold[run.texts - others :] = 1 + np.arange(others) % (len(labels) - 1)
    before = _right(run)
    after = before.copy()
    # What tuning gains are rare rows, which come last; what it loses comes first.
    after[np.flatnonzero(~before)[-run.gained :] if run.gained else []] = True
    after[np.flatnonzero(before)[: run.lost]] = False
    frames = {
        BASE: _predictions(labels, gold, before, run.copies),
        TUNED: _predictions(labels, gold, after, run.copies),
    }
    majority = _predictions(labels, gold, gold == 0, run.copies, answer=0)
    scores = {model: score(predictions, labels, False) for model, predictions in frames.items()}
    validation = {BASE: 0.8, TUNED: 0.8 if run.tied else 0.9}
    winner = choose_winner(
        [
            Candidate(
                model=name,
                kind="tuned" if kind == "tuned" else "base",
                validation=Interval(value=validation[name, kind], low=0.6, high=0.95),
                loss=0.3 if kind == "tuned" else 0.4,
            )
            for name, kind in frames
        ]
    )
    comparison = compare(frames[BASE], frames[TUNED], labels=labels, resamples=200)
    tuned, untuned = (majority_line(scores[model], frames[model], majority) for model in (TUNED, BASE))
    decision = gate(winner, comparison, tuned=tuned, untuned=untuned)
    kept = TUNED if decision.deploys else BASE
    pair = (BASE, TUNED)
    pairs = compare_all({pair: compare_accuracy(frames[BASE], frames[TUNED])}, alone=[pair])
    baseline = BaselineScores(
        name="majority", method="always", validation=score(majority, labels, False), test=score(majority, labels, False)
    )
    versus = compare(majority, frames[kept], labels=labels, resamples=500, test_f1=True)
    return build_report(
        plan=plan,
        prompt=prompt,
        candidates=[
            CandidateInputs(
                model="accounts/fireworks/models/qwen3-8b",
                tuned_model="accounts/acme/models/fwa-qwen3-8b",
                base_scores=scores[BASE],
                tuned_scores=scores[TUNED],
                base_validation=Interval(value=validation[BASE], low=0.6, high=0.95),
                tuned_validation=Interval(value=validation[TUNED], low=0.6, high=0.95),
                comparison=comparison,
            )
        ],
        finalists=None,
        winner=winner,
        gate=decision,
        deployment=Deployed(id="fwa", endpoint="https://example.invalid", address="fwa") if decision.deploys else None,
        cost_rows=[],
        run=Run(platform="fireworks", account="acme"),
        versions={},
        baselines=baseline_results([baseline], *kept, versus),
        choice=pair_result(BASE, TUNED, comparison),
        pairs=[pair_result(*models, compared) for models, compared in pairs.items()],
        tied=tied_groups([TUNED, BASE], pairs),
    )


def _right(run: KnownRun) -> Right:
    """The base model: right on the common texts, and on so many rare ones that `gained` and `lost` are possible."""
    right = np.ones(run.texts, dtype=bool)
    right[run.texts - max(run.gained, round(min(run.rare, 0.1) * run.texts)) :] = False
    return right


def _predictions(
    labels: Sequence[str], gold: NDArray[np.int64], right: Right, copies: int, answer: int | None = None
) -> pl.DataFrame:
    given = np.where(right, gold, (gold + 1) % len(labels) if answer is None else answer)
    pairs = [([labels[one]], [labels[other]]) for one, other in zip(gold, given, strict=True)]
    return frame(pairs * copies, groups=list(range(gold.size)) * copies)
