from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.registry import ENCODER_MODELS
from fw_assets.embedded.engine.scorers import Scorer, load_base, load_tuned
from fw_assets.embedded.engine.training import TrainingRecord, train
from fw_assets.embedded.engine.training_run import Evaluation, TrainingStep
from fw_assets.embedded.engine.training_spec import Scheduler, TrainingRow, TrainingSpec, rate_share
from fw_assets.embedded.engine.tuned_model import load

Records = tuple[list[TrainingRecord], Callable[[TrainingRecord], None]]
Rows = tuple[TrainingRow, ...]
SPEC = TrainingSpec("char-ngram", lora_rank=4, learning_rate=0.02, epochs=4, batch_size=8)
MODELS = [
    pytest.param(id, marks=pytest.mark.skipif(model.missing_weights() is not None, reason="its weights are missing"))
    for id, model in ENCODER_MODELS.items()
]


def fit(spec: TrainingSpec, rows: Rows, out: Path, cache: Path, evaluation: Rows | None = None) -> Scorer:
    train(spec, rows, evaluation, out, cache, False, lambda record: None)
    return load_tuned(out, cache)


def accuracy(scorer: Scorer, rows: Rows, choices: list[str] | None = None) -> float:
    names = choices or list(scorer.labels or ())
    predictions = scorer.log_probabilities([row.text for row in rows], choices).argmax(axis=1)
    return float(np.mean([names[index] == row.labels[0] for index, row in zip(predictions, rows, strict=True)]))


@pytest.mark.parametrize("model", MODELS)
def test_training_beats_the_base_and_survives_the_disk(
    model: str, rows: Rows, records: Records, tmp_path: Path, cache: Path
) -> None:
    written, on_record = records
    spec = replace(SPEC, base_model=model)
    train(spec, rows[:60], rows[60:], tmp_path, cache, False, on_record, {"answer": "text"})
    tuned, base = load_tuned(tmp_path, cache), load_base(model, cache)
    assert tuned.labels == ("card_arrival", "greeting", "refund")
    assert tuned.notes == {"answer": "text"}
    assert not tuned.multi_label
    assert accuracy(tuned, rows[60:]) >= max(0.95, accuracy(base, rows[60:], list(tuned.labels)))
    evaluations = [record for record in written if isinstance(record, Evaluation)]
    assert [(record.number, record.epoch) for record in evaluations] == [(8, 1), (16, 2), (24, 3), (32, 4)]
    assert evaluations[-1].loss < evaluations[0].loss
    assert accuracy(tuned, rows[60:]) == pytest.approx(evaluations[-1].accuracy)
    steps = [record for record in written if isinstance(record, TrainingStep)]
    assert [record.number for record in steps] == list(range(1, 4 * 8 + 1))
    figures = [value for record in written for value in asdict(record).values() if isinstance(value, float)]
    assert len(figures) >= 2 * len(written)
    assert np.isfinite(figures).all()


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_model(model: str, rows: Rows, tmp_path: Path, cache: Path) -> None:
    spec = replace(SPEC, base_model=model, epochs=1)
    one, two = (fit(spec, rows, tmp_path / name, cache) for name in "ab")
    texts = [row.text for row in rows]
    assert np.array_equal(one.log_probabilities(texts, None), two.log_probabilities(texts, None))


@pytest.mark.parametrize("model", MODELS)
def test_every_hyper_parameter_has_an_effect(model: str, rows: Rows, tmp_path: Path, cache: Path) -> None:
    start = replace(SPEC, base_model=model, epochs=2)
    variants = {
        "start": start,
        "rank": replace(start, lora_rank=1),
        "rate": replace(start, learning_rate=0.001),
        "epochs": replace(start, epochs=1.5),
        "batch": replace(start, batch_size=4),
        "context": replace(start, max_context_length=4),
        "seed": replace(start, seed=1),
    }
    texts = ["please return my money", "what a fine morning", "mail"]
    scores = {
        name: fit(spec, rows, tmp_path / name, cache).log_probabilities(texts, None) for name, spec in variants.items()
    }
    for one, two in itertools.combinations(scores, 2):
        assert not np.allclose(scores[one], scores[two], atol=1e-6), (one, two)


def test_the_last_epoch_is_served_although_an_earlier_one_had_less_loss(
    rows: Rows, records: Records, tmp_path: Path, cache: Path
) -> None:
    written, on_record = records
    labels = sorted({row.labels[0] for row in rows})
    wrong = tuple(replace(row, labels=(labels[labels.index(row.labels[0]) - 1],)) for row in rows)
    spec = replace(SPEC, learning_rate=0.1)
    train(spec, wrong, rows, tmp_path / "evaluated", cache, False, on_record)
    losses = [record.loss for record in written if isinstance(record, Evaluation)]
    assert losses[-1] > min(losses)
    evaluated, alone = load_tuned(tmp_path / "evaluated", cache), fit(spec, wrong, tmp_path / "alone", cache)
    assert accuracy(evaluated, wrong) > 0.9, "it learned what it was taught"
    texts = [row.text for row in rows]
    predictions = [model.log_probabilities(texts, None).argmax(axis=1) for model in (evaluated, alone)]
    assert np.array_equal(*predictions), "evaluation rows choose no epoch"


def test_row_weights_decide_between_contradictions(tmp_path: Path, cache: Path) -> None:
    heavy = tuple(TrainingRow("same text", (label,), weight) for label, weight in (("a", 9.0), ("b", 1.0)) * 8)
    tuned = fit(replace(SPEC, epochs=40), heavy, tmp_path, cache)
    probability = np.exp(tuned.log_probabilities(["same text"], None))[0]
    assert probability[0] == pytest.approx(0.9, abs=0.06)


def test_a_choice_the_training_never_saw_keeps_its_base_score(rows: Rows, tmp_path: Path, cache: Path) -> None:
    tuned = fit(SPEC, rows, tmp_path, cache)
    names = ["exchange_rate", "refund"]
    scores = tuned.log_probabilities(["what is the exchange rate", "money back please"], names)
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(np.exp(scores).sum(axis=1), 1)
    assert tuned.predict_sets(["money back please"], names) == [("refund",)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [1, 3])
def test_few_rows_and_a_single_label_are_enough(
    model: str, count: int, rows: Rows, tmp_path: Path, cache: Path
) -> None:
    tuned = fit(replace(SPEC, base_model=model), rows[:count], tmp_path, cache, evaluation=rows[3:6])
    assert np.allclose(np.exp(tuned.log_probabilities(["anything", ""], None)), 1)
    assert np.isfinite(tuned.log_probabilities(["x"], ["refund", "new"])).all()


@pytest.mark.parametrize("model", MODELS)
def test_multi_label_sets_are_learned(model: str, rows: Rows, tmp_path: Path, cache: Path) -> None:
    both = tuple(
        TrainingRow(f"{one.text} and {two.text}", tuple(sorted({one.labels[0], two.labels[0]})))
        for one, two in zip(rows, rows[1:] + rows[:1], strict=True)
    )
    none = tuple(TrainingRow(f"the weather is {number} degrees", ()) for number in range(20))
    every = rows + both + none
    spec = replace(SPEC, base_model=model, epochs=12)
    train(spec, every, every, tmp_path, cache, True, lambda record: None)
    tuned = load_tuned(tmp_path, cache)
    predicted = tuned.predict_sets([row.text for row in every], None)
    assert tuned.multi_label
    assert np.mean([set(one) == set(row.labels) for one, row in zip(predicted, every, strict=True)]) > 0.9
    assert (tuned.log_probabilities(["x"], None) <= 0).all()


def test_base_sets_hold_every_choice_near_the_best(cache: Path) -> None:
    base = load_base("char-ngram", cache)
    assert base.predict_sets(["card card", "refund card"], ["card", "refund"])[0] == ("card",)
    assert base.predict_sets(["refund card"], ["card", "refund", "greeting"])[0][-1] == "refund"


def test_what_cannot_be_trained_or_asked_is_refused(rows: Rows, tmp_path: Path, cache: Path) -> None:
    refused: list[tuple[TrainingSpec, Rows, str]] = [
        (SPEC, (), "no training rows"),
        (SPEC, (TrainingRow("a", ("x", "y")),), "training row 1: 2 labels"),
        (SPEC, (TrainingRow("a", ("x",), 0.0),), "weight 0"),
        (SPEC, (TrainingRow("a", ("x",), -1.0),), "training row 1: weight -1.0"),
        (replace(SPEC, lora_rank=0), rows, "lora_rank is 0"),
        (replace(SPEC, base_model="other"), rows, "no base model 'other'"),
    ]
    for spec, refused_rows, message in refused:
        with pytest.raises(EngineError, match=message):
            fit(spec, refused_rows, tmp_path, cache)
    base = load_base("char-ngram", cache)
    for choices, message in ((None, "needs the label choices"), (["a", "a"], "repeat: a")):
        with pytest.raises(EngineError, match=message):
            base.log_probabilities(["x"], choices)
    with pytest.raises(EngineError, match="no base model 'other'"):
        load_base("other", cache)


def test_the_rate_rises_then_falls() -> None:
    rates = [rate_share(SPEC, step, 100) for step in range(1, 101)]
    assert max(rates) == 1.0
    assert rates[0] < rates[9]
    assert 0 < rates[-1] < rates[50]
    assert rate_share(SPEC, 1, 1) == 1.0


SCHEDULES: dict[str, tuple[dict[str, Any], dict[int, float]]] = {
    "constant": ({"scheduler": "constant", "warm_up_steps": 0}, {1: 1.0, 50: 1.0, 100: 1.0}),
    "constant after a warm-up": ({"scheduler": "constant", "warm_up_steps": 20}, {1: 0.05, 10: 0.5, 20: 1.0, 100: 1.0}),
    "linear": ({"warm_up_steps": 0}, {1: 1.0, 51: 0.5, 100: 0.01}),
    "linear to a fifth": ({"warm_up_steps": 0, "min_rate_ratio": 0.2}, {1: 1.0, 51: 0.6, 100: 0.208}),
    "linear in the first half": ({"warm_up_steps": 0, "decay_ratio": 0.5}, {1: 1.0, 26: 0.5, 51: 0.0, 100: 0.0}),
    "cosine": ({"scheduler": "cosine", "warm_up_steps": 0}, {1: 1.0, 26: 0.853553, 51: 0.5, 76: 0.146447}),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_what_its_fields_say(name: str) -> None:
    fields, expected = SCHEDULES[name]
    spec = replace(SPEC, **fields)
    assert {step: rate_share(spec, step, 100) for step in expected} == pytest.approx(expected, abs=1e-6)


@given(
    kind=st.sampled_from(["constant", "linear", "cosine"]),
    least=st.floats(0, 1),
    decay=st.floats(0, 1),
    warm_up=st.none() | st.integers(0, 300),
    total=st.integers(1, 200),
)
def test_a_rate_is_between_nothing_and_the_whole_and_never_rises_after_the_warm_up(
    kind: Scheduler, least: float, decay: float, warm_up: int | None, total: int
) -> None:
    spec = replace(SPEC, scheduler=kind, min_rate_ratio=least, decay_ratio=decay, warm_up_steps=warm_up)
    rates = [rate_share(spec, step, total) for step in range(1, total + 1)]
    assert all(0 <= rate <= 1 for rate in rates)
    after = rates[max(1, warm_up if warm_up is not None else math.ceil(total / 10)) :]
    assert after == sorted(after, reverse=True)


@pytest.mark.parametrize("model", MODELS)
def test_a_continued_adapter_starts_where_it_ended(
    model: str, rows: Rows, records: Records, tmp_path: Path, cache: Path
) -> None:
    written, on_record = records
    spec = replace(SPEC, base_model=model)
    known = tuple(row for row in rows[:60] if row.labels[0] != "refund")
    adapter = fit(spec, known, tmp_path / "first", cache)
    texts = [row.text for row in rows]
    evaluation = tuple(row for row in rows[60:] if row.labels[0] != "refund")
    start = load(tmp_path / "first")
    train(
        replace(spec, learning_rate=1e-9),
        known[:40],
        evaluation,
        tmp_path / "same",
        cache,
        False,
        on_record,
        start=start,
    )
    same = load_tuned(tmp_path / "same", cache)
    order = [(same.labels or ()).index(label) for label in adapter.labels or ()]
    before = adapter.log_probabilities(texts, None).argmax(axis=1)
    after = same.log_probabilities(texts, None)[:, order].argmax(axis=1)
    assert (before == after).mean() >= 0.95, "hardly trained, it answers as the adapter but for the encoders' shares"
    train(spec, rows[:60], rows[60:], tmp_path / "more", cache, False, on_record, start=start)
    more = load_tuned(tmp_path / "more", cache)
    assert more.labels == ("card_arrival", "greeting", "refund"), "a label that the adapter has not learned"
    assert accuracy(more, rows[60:]) >= 0.95
    evaluations = [record for record in written if isinstance(record, Evaluation)][-4:]
    assert [record.epoch for record in evaluations] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"base_model": "minilm-l6-v2"}, "is of char-ngram"), ({"lora_rank": 8}, "has rank 4, not 8")],
)
def test_an_adapter_of_another_kind_is_not_continued(
    change: dict[str, Any], message: str, rows: Rows, tmp_path: Path, cache: Path
) -> None:
    fit(SPEC, rows, tmp_path / "first", cache)
    start = load(tmp_path / "first")
    with pytest.raises(EngineError, match=message):
        train(replace(SPEC, **change), rows, None, tmp_path / "x", cache, False, lambda record: None, start=start)
    with pytest.raises(EngineError, match="one label each"):
        train(SPEC, rows, None, tmp_path / "x", cache, True, lambda record: None, start=start)
