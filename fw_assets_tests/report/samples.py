"""Reports to render: consistent figures of simulated answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from fw_assets.classification.metrics.confused_cells import CellCounter
from fw_assets.classification.session import Session
from fw_assets.report.assembly.confused_cells import cell_results
from fw_assets.report.schema.comparison import ComparisonResult, Flip
from fw_assets.report.schema.confused_cells import ConfusedCell
from fw_assets.report.schema.cost import Cost, CostEntry
from fw_assets.report.schema.dataset import DataFile, DatasetSummary, SplitRows
from fw_assets.report.schema.model_result import ConfusionCount, LabelResult, ModelResult
from fw_assets.report.schema.report import (
    CandidateResult,
    DeploymentResult,
    PromptSummary,
    RankedModel,
    Report,
    Run,
    Validation,
    WinnerResult,
)
from fw_assets.report.schema.tuning import EpochMetrics, SweepCellResult
from fw_assets.report.sections.answer import answer
from fw_assets.report.snippets.snippets import make_snippets

INTENTS = ("billing", "technical", "account", "sales")
OPENINGS = ("Hi, ", "", "Hello there, ", "Quick one: ", "")
TEXTS = (
    "my invoice for March shows the old plan twice, can somebody look at it?",
    "the export button does nothing since the update, console says 502",
    "I can't log in with my work mail any more after the merger",
    "do you have a discount for schools with more than fifty seats?",
    "how do I change the card that you charge every month",
    "the app eats my battery and the sync never finishes on the train",
)


def names(count: int) -> tuple[str, ...]:
    """`count` plausible label names."""
    if count <= 4:
        return INTENTS[:count]
    verbs = (
        "change",
        "report",
        "cancel",
        "track",
        "verify",
        "top_up",
        "explain",
        "activate",
        "request",
        "dispute",
    )
    things = (
        "card", "pin", "refund", "transfer", "exchange_rate", "balance_after_bank_transfer", "passcode", "fee",
        "virtual_card", "identity", "statement", "direct_debit", "atm_withdrawal", "top_limit", "beneficiary",
    )  # fmt: skip
    return tuple(f"{verb}_{thing}" for thing in things for verb in verbs)[:count]


def wilson(right: int, rows: int) -> tuple[float, float]:
    if not rows:
        return (0.0, 1.0)
    z, p = 1.959964, right / rows
    centre, half = p + z * z / (2 * rows), z * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))
    return ((centre - half) / (1 + z * z / rows), (centre + half) / (1 + z * z / rows))


def simulate(gold: Sequence[int], labels: Sequence[str], skill: float, seed: int) -> list[int | None]:
    """Answers that are right with about `skill`, wrong mostly towards a label's neighbours, sometimes none."""
    rng = np.random.default_rng(seed)
    ease = np.clip(rng.normal(skill, 0.5 * (1 - skill) + 0.03, len(labels)), 0.03, 1.0)
    out: list[int | None] = []
    for g in gold:
        if rng.random() < ease[g]:
            out.append(g)
        elif rng.random() < 0.05:
            out.append(None)
        else:
            step = (
                int(rng.integers(1, min(4, len(labels)))) if rng.random() < 0.7 else int(rng.integers(1, len(labels)))
            )
            out.append((g + step) % len(labels))
    return out


def model_result(name: str, gold: Sequence[int], answers: Sequence[int | None], labels: Sequence[str]) -> ModelResult:
    rows = len(gold)
    right = sum(a == g for a, g in zip(answers, gold, strict=True))
    support, predicted = Counter(gold), Counter(answers)
    hits = Counter(g for a, g in zip(answers, gold, strict=True) if a == g)
    per_label = {}
    for i, label in enumerate(labels):
        precision = hits[i] / predicted[i] if predicted[i] else None
        recall = hits[i] / support[i] if support[i] else None
        f1 = 2 * hits[i] / (predicted[i] + support[i]) if predicted[i] + support[i] else None
        per_label[label] = LabelResult(
            accuracy=recall,
            support=support[i],
            interval=wilson(hits[i], support[i]) if support[i] else None,
            predicted=predicted[i],
            precision=precision,
            f1=f1,
        )
    cells = [
        ConfusionCount(gold=labels[g], predicted=None if a is None else labels[a], count=n)
        for (g, a), n in sorted(
            Counter(zip(gold, answers, strict=True)).items(),
            key=lambda item: (item[0][0], -1 if item[0][1] is None else item[0][1]),
        )
    ]
    wrong = sorted((c for c in cells if c.gold != c.predicted and c.predicted), key=lambda c: -c.count)
    none = predicted[None]
    return ModelResult(
        model=name,
        accuracy=right / rows,
        interval=wilson(right, rows),
        per_label=per_label,
        outcomes={"correct": right, "wrong_label": rows - right - none, "off_label": none},
        rows=rows,
        coverage=1 - none / rows,
        answered_accuracy=right / (rows - none),
        lenient_accuracy=right / rows,
        macro_f1=float(np.mean([r.f1 for r in per_label.values() if r.f1 is not None])),
        weighted_f1=right / rows,
        balanced_accuracy=float(np.mean([r.accuracy for r in per_label.values() if r.accuracy is not None])),
        mcc=0.5,
        majority_accuracy=max(support.values()) / rows,
        labels_without_rows=tuple(label for i, label in enumerate(labels) if not support[i]),
        confusion=tuple(cells),
        most_confused=tuple(wrong[:10]),
    )


def candidate(
    name: str,
    labels: Sequence[str],
    rows: int,
    base_skill: float,
    tuned_skill: float | None,
    seed: int,
    texts: Sequence[str] = TEXTS,
) -> CandidateResult:
    rng = np.random.default_rng(seed)
    gold = [int(i) for i in rng.choice(len(labels), rows, p=rng.dirichlet(np.full(len(labels), 6.0)))]
    full = f"accounts/fireworks/models/{name}"
    before = simulate(gold, labels, base_skill, seed + 1)
    base = model_result(full, gold, before, labels)
    checked = Validation(accuracy=base.accuracy, interval=wilson(round(base.accuracy * rows / 4), rows // 4))
    if tuned_skill is None:
        return CandidateResult(model=full, base=base, note="not a finalist", base_validation=checked)
    after = simulate(gold, labels, tuned_skill, seed + 2)
    tuned = model_result(f"accounts/local/models/fwa-{name}-1f0c9a", gold, after, labels)
    flips = [
        Flip(
            id=f"train:{i + 1}",
            direction="gained" if a == g else "lost",
            text=OPENINGS[i % len(OPENINGS)] + texts[i % len(texts)],
            gold=(labels[g],),
            base=() if b is None else (labels[b],),
            tuned=() if a is None else (labels[a],),
        )
        for i, (g, b, a) in enumerate(zip(gold, before, after, strict=True))
        if (b == g) != (a == g)
    ]
    gained = sum(flip.direction == "gained" for flip in flips)
    lost = len(flips) - gained
    p = min(1.0, 2 * sum(math.comb(len(flips), k) for k in range(min(gained, lost) + 1)) / 2 ** len(flips))
    difference = tuned.accuracy - base.accuracy
    half = 1.96 * math.sqrt(len(flips)) / rows
    verdict: Any = "cannot be told" if p > 0.05 else "better" if gained > lost else "worse"
    grid = ((8, 1.5e-4), (16, 1e-4), (32, 5e-5))
    curves = [
        tuple(
            EpochMetrics(epoch=e, loss=1.2 / (e + 1) + 0.05 * i, accuracy=tuned.accuracy - 0.2 / (e + 1) - 0.01 * i)
            for e in range(5)
        )
        for i in range(3)
    ]
    shown = [OPENINGS[i % len(OPENINGS)] + texts[i % len(texts)] for i in range(rows)]
    base, tuned = (
        result.model_copy(update={"cells": cells(gold, answers, labels, shown)})
        for result, answers in ((base, before), (tuned, after))
    )
    return CandidateResult(
        model=full,
        base=base,
        tuned=tuned,
        comparison=ComparisonResult(
            gained=gained,
            lost=lost,
            p_value=p,
            adjusted_p_value=min(1.0, 2 * p),
            mid_p_value=p,
            verdict=verdict,
            rows=rows,
            difference=difference,
            interval=(difference - half, difference + half),
            flips=tuple(flips[:400]),
        ),
        finalist=True,
        strategy="serverless",
        base_validation=checked,
        tuned_validation=Validation(
            accuracy=tuned.accuracy, interval=wilson(round(tuned.accuracy * rows / 4), rows // 4)
        ),
        hyperparameters={"lora_rank": 8, "learning_rate": 1.5e-4, "epochs": 4, "batch_size": 16},
        sweep=tuple(
            SweepCellResult(
                name=f"r{rank}-lr{rate:g}-e4",
                lora_rank=rank,
                learning_rate=rate,
                epochs=4,
                batch_size=16,
                rows=1000,
                eval_accuracy=curves[i][-1].accuracy,
                eval_loss=curves[i][-1].loss,
                chosen=i == 0,
                job=f"accounts/local/supervisedFineTuningJobs/fwa-{name}-{i}",
                state="COMPLETED",
                curve=curves[i],
            )
            for i, (rank, rate) in enumerate(grid)
        ),
    )


def cells(
    gold: Sequence[int], answers: Sequence[int | None], labels: Sequence[str], texts: Sequence[str]
) -> tuple[ConfusedCell, ...]:
    """The cells of a confusion matrix with rows behind them."""
    counter = CellCounter(multi_label=False)
    counter.add(
        pl.DataFrame(
            {
                "id": [f"test:{i + 1}" for i in range(len(gold))],
                "gold": [[labels[g]] for g in gold],
                "predicted": [[] if a is None else [labels[a]] for a in answers],
                "outcome": ["correct" if a == g else "wrong_label" for a, g in zip(answers, gold, strict=True)],
                "confidence": [((7 * i) % 100) / 100 for i in range(len(gold))],
            },
            schema_overrides={"predicted": pl.List(pl.String)},
        )
    )
    by_id = {f"test:{i + 1}": text for i, text in enumerate(texts)}
    return cell_results(counter.counts, counter.rows(), by_id, every=False)


def request_body(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": f"Answer with exactly one of these labels: {', '.join(labels)}."},
            {"role": "user", "content": TEXTS[0]},
        ],
        "temperature": 0,
        "seed": 42,
        "max_tokens": 16,
        "reasoning_effort": "none",
        "response_format": {
            "type": "grammar",
            "grammar": "root ::= " + " | ".join(f'"{label}"' for label in labels),
        },
    }


def sample_report(
    label_count: int = 4,
    rows: int = 300,
    *,
    labels: Sequence[str] | None = None,
    texts: Sequence[str] = TEXTS,
    base_skill: float = 0.6,
    tuned_skill: float = 0.92,
    dataset: str = "support-intents",
    unit_price: float = 0.0,
    **changes: Any,
) -> Report:
    """A complete report of two finalists and one model that was not; `changes` replace fields of it."""
    label_set = tuple(labels) if labels is not None else names(label_count)
    candidates = (
        candidate("minilm-ngram", label_set, rows, base_skill, tuned_skill, 7, texts),
        candidate("minilm-l6-v2", label_set, rows, base_skill - 0.03, tuned_skill - 0.03, 17, texts),
        candidate("char-ngram", label_set, rows, base_skill - 0.25, None, 27, texts),
    )
    first = candidates[0]
    assert first.tuned is not None
    address = f"{first.tuned.model}#accounts/local/deployments/fwa-{dataset}-8d21c4"
    lines = [
        ("base-evaluation/minilm-ngram", "base evaluation", 0.0213, 0.0198),
        ("base-evaluation/minilm-l6-v2", "base evaluation", 0.0213, 0.0198),
        ("base-evaluation/char-ngram", "base evaluation", 0.0107, 0.0099),
        ("sweep/minilm-ngram", "sweep", 0.225, 0.225),
        ("sweep/minilm-l6-v2", "sweep", 0.225, 0.225),
        ("training/minilm-ngram", "training", 0.375, 0.3712),
        ("training/minilm-l6-v2", "training", 0.375, 0.3712),
        ("tuned-evaluation/minilm-ngram", "tuned evaluation", 0.0213, 0.0198),
        ("deployment", "deployment", 0.45, 0.12),
    ]
    entries = tuple(
        CostEntry(
            line=line,
            stage=stage,
            model=None,
            formula="rows × tokens × price",
            estimated_usd=round(estimated * unit_price, 6),
            low_usd=round(0.8 * estimated * unit_price, 6),
            high_usd=round(1.5 * estimated * unit_price, 6),
            actual_usd=round(actual * unit_price, 6),
        )
        for line, stage, estimated, actual in lines
    )
    fields: dict[str, Any] = {
        "dataset": dataset,
        "plan_digest": "a1b2c3d4e5f6",
        "status": "complete",
        "rows": SplitRows(train=4 * rows, validation=rows // 2, test=rows, excluded=3),
        "labels": label_set,
        "asked": Session(
            dataset=f"{dataset}.jsonl",
            models=tuple(c.model for c in candidates),
            instruction="Benchmark and fine-tune classification on support-intents.jsonl.",
        ),
        "data": DatasetSummary(
            files=(DataFile(name=f"{dataset}.jsonl", sha256="ab" * 32, size_bytes=123_456, rows=6 * rows),),
            extraction="whole_message",
            extraction_coverage=1.0,
            label_rows={label: SplitRows(train=40, validation=4, test=10) for label in label_set},
            imbalance_ratio=2.4,
            imbalance_threshold=50.0,
            duplicate_groups=2,
            removed_from_train=3,
            findings=("duplicates: 2 groups of near-equal texts were kept on one side of the split",),
        ),
        "prompt": PromptSummary(system="Answer with exactly one of these labels: ...", mode="grammar", max_tokens=16),
        "candidates": candidates,
        "finalists": tuple(
            RankedModel(
                model=c.model,
                accuracy=c.base_validation.accuracy,
                interval=c.base_validation.interval,
                chosen=c.finalist,
                why="among the best 2 on validation" if c.finalist else "third on validation",
            )
            for c in candidates
            if c.base_validation
        ),
        "winner": WinnerResult(
            model=first.tuned.model,
            kind="tuned",
            base_model=first.model,
            why="most accurate on the validation rows",
        ),
        "deployment": DeploymentResult(
            id=f"fwa-{dataset}-8d21c4",
            endpoint="http://127.0.0.1:8432/inference/v1/chat/completions",
            decision="deployed",
            why="better on the test rows, and no label lost more than 10 points",
            model=address,
            replayed=20,
            agreed=20,
            usd_per_hour=8.0 * unit_price,
        ),
        "cost": Cost(
            lines=entries,
            estimated_usd=round(sum(e.estimated_usd or 0 for e in entries), 6),
            actual_usd=round(sum(e.actual_usd or 0 for e in entries), 6),
        ),
        "snippets": make_snippets(
            model=address,
            body=request_body(label_set),
            account="local",
            base_url="http://127.0.0.1:8432",
            before=("fw-assets serve &", 'export FIREWORKS_API_KEY="$(cat workspace/.platform/api_key)"'),
        ),
        "run": Run(
            platform="embedded",
            base_url="http://127.0.0.1:8432",
            account="local",
            started_at="2026-11-22T11:00:00+00:00",
            finished_at="2026-11-22T11:03:41+00:00",
            approved_by="ada",
            approved_at="2026-11-22T11:00:30+00:00",
        ),
        "created": (f"accounts/local/datasets/fwa-{dataset}-train-77aa", first.tuned.model),
        "versions": {"fw-assets": "0.1.0", "dagster": "1.13.4", "polars": "2.0.1", "python": "3.11.7"},
        "seeds": {"split": 42, "training": 42, "bootstrap": 42},
        "digests": {"plan": "a1b2c3d4e5f6", "label set": "0011aabb", "prompt": "99ee", "test rows": "5f5f"},
        "detectable_difference": 0.034,
    }
    report = Report(**{**fields, **changes})
    return report.model_copy(update={"answer": answer(report)})
