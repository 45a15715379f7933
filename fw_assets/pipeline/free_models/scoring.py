"""Scores of the free models on the validation and test rows, and how long one row takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial

import polars as pl

from fw_assets.classification.baselines.baselines import (
    BASELINES,
    BaselineName,
    BaselineScores,
    baseline_method,
    fit_baseline,
)
from fw_assets.classification.baselines.encoder import MAX_LABELS, encoder_method, fit_encoder
from fw_assets.classification.baselines.predictor import Baseline
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.latency import latency
from fw_assets.classification.metrics.threshold_fit import fitted_and_crossed, validation_sets
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.pipeline.evaluation.candidate.stored_predictions import store_and_score, store_unscored
from fw_assets.pipeline.platform.platform import ENCODER, Platform
from fw_assets.pipeline.values.evaluation import Baselines
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import may_be_empty, part_batches, split_rows
from fw_assets.workspace.predictions import PARTS, encoder_path, prediction_path
from fw_assets.workspace.workspace import Workspace

_TIMED_ROWS = 100
_WARM_UP_ROWS = 3


def score_free_models(store: Workspace, platform: Platform, plan: Plan) -> Baselines:
    """The free models, fitted on the training rows, scored, and timed; the encoder's regression is stored.

    Raises:
        RuntimeError: the encoder's weights are not the published ones.
    """
    dataset = plan.dataset
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    train = split_rows(store, dataset, "train").collect()

    def scored(name: BaselineName, method: str, predict: Baseline, alone: Baseline) -> BaselineScores:
        fitted = _thresholds(store, plan, predict) if predict.by_probabilities and labels.multi_label else None
        thresholds = fitted[0] if fitted else None
        predict, alone = predict.with_thresholds(thresholds), alone.with_thresholds(thresholds)
        parts = {}
        for part in PARTS:
            batches: Iterable[pl.DataFrame] = part_batches(store, dataset, part)
            judge = partial(predict.judged, thresholds=fitted[1]) if fitted and part == "validation" else predict
            path = prediction_path(dataset, name, "baseline", part)
            parts[part] = store_and_score(store, path, map(judge, batches), labels.labels, labels.multi_label)
        if labels.out_of_scope is not None:
            path = prediction_path(dataset, name, "baseline", OUT_OF_SCOPE)
            store_unscored(store, path, map(predict, part_batches(store, dataset, OUT_OF_SCOPE)))
        times = list(_seconds(alone, part_batches(store, dataset, "test")))
        return BaselineScores(
            name=name,
            method=method,
            validation=parts["validation"],
            test=parts["test"],
            latency=latency(times),
            thresholds=thresholds,
        )

    found = []
    for name in BASELINES:
        predict = fit_baseline(name, prompt, train, plan.session.seed)
        found.append(scored(name, baseline_method(name, train.height, len(prompt.labels)), predict, predict))
    left_out = _left_out(platform, prompt)
    if not left_out:
        validation = split_rows(store, dataset, "validation").collect()
        model = fit_encoder(prompt, train, validation, platform.embed)
        store.write_frame(model.frame(), *encoder_path(dataset))
        by_cache, anew = (model.baseline(prompt, partial(platform.embed, anew=new)) for new in (False, True))
        found.append(scored("encoder", encoder_method(ENCODER, train.height), by_cache, anew))
    return Baselines(found=tuple(found), left_out=left_out)


def _thresholds(
    store: Workspace, plan: Plan, baseline: Baseline
) -> tuple[LabelThresholds, dict[str, LabelThresholds]] | None:
    """The thresholds of the validation rows, and those by which each of these rows is judged itself."""
    rows = validation_sets(map(baseline, part_batches(store, plan.dataset, "validation")), baseline.prompt.labels)
    return (
        None if rows is None else fitted_and_crossed(rows, plan.session.thresholds, may_be_empty(store, plan.dataset))
    )


def _left_out(platform: Platform, prompt: Prompt) -> str:
    """Why the sentence encoder is not asked; empty where it is."""
    if len(prompt.labels) > MAX_LABELS:
        return f"there are more than {MAX_LABELS} labels"
    return platform.missing_encoder or ""


def _seconds(predict: Baseline, rows: Batches) -> Iterator[float]:
    """How long each of the first rows takes by itself, the first few of all left out, which load what the rest have."""
    first = next(iter(rows), None)
    if first is None:
        return
    for number, row in enumerate(first.head(_WARM_UP_ROWS + _TIMED_ROWS).iter_slices(1)):
        started = time.perf_counter()
        predict(row)
        if number >= _WARM_UP_ROWS or first.height <= _WARM_UP_ROWS:
            yield time.perf_counter() - started
