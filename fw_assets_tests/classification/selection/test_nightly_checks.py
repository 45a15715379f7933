"""Nightly checks on frames: what fails each of them, what does not, and what each says of a night."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from fw_assets.classification.selection.answer_flips import FlipSequence
from fw_assets.classification.selection.nightly_checks import Night, NightlyChecks, check_nights, grouped_rows

LABELS = ("billing", "delivery", "returns")
ROWS = 600
Change = Callable[[int, str, np.random.Generator], str | None]
"""From a row, its gold label and chance to an answer; None is no label."""


def frame(change: Change, seed: int) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    rows = []
    for row in range(ROWS):
        gold = LABELS[row % 3]
        answer = change(row, gold, generator)
        outcome = "off_label" if answer is None else "correct" if answer == gold else "wrong_label"
        rows.append((f"{row:04}", [] if answer is None else [answer], outcome, row))
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "id": pl.String,
        "predicted": pl.List(pl.String),
        "outcome": pl.String,
        "group": pl.UInt32,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def usual(row: int, gold: str, generator: np.random.Generator) -> str | None:
    """A tenth of the rows is wrong, and a twentieth is right by the toss of a coin."""
    if row % 20 == 1:
        return gold if generator.random() < 0.5 else "billing" if gold != "billing" else "returns"
    return "billing" if row % 10 == 5 and gold != "billing" else gold


def check(change: Change, nights: int = 8, before: int = 0) -> NightlyChecks:
    dates = [f"2026-03-{day + 1:02}" for day in range(nights)]
    frames = [Night(date, frame(usual if i < before else change, i + 1)) for i, date in enumerate(dates)]
    return check_nights(frame(usual, 0), frames)


def test_what_did_not_change_fails_no_check() -> None:
    checks = check(usual, nights=12)
    assert [night.shown for night in checks.nights] == [()] * 12
    assert (checks.rows, checks.units) == (ROWS, ROWS)
    assert checks.flips.accepted == pytest.approx(0.025, abs=0.01)


def test_a_loss_fails_accuracy_and_says_since_when() -> None:
    def loss(row: int, gold: str, generator: np.random.Generator) -> str | None:
        return "returns" if row % 20 == 0 and gold != "returns" else usual(row, gold, generator)

    checks = check(loss, before=3)
    assert checks.accuracy.shown
    assert "2026-03-04" <= str(checks.shown_since("accuracy")) <= "2026-03-06"
    assert checks.nights[checks.accuracy.first - 1].date == "2026-03-04", "the pool that began with the loss"
    assert checks.accuracy.difference == pytest.approx(-0.03, abs=0.015)
    assert not checks.coverage.shown


def test_an_improvement_is_no_loss_though_answers_changed() -> None:
    checks = check(lambda row, gold, generator: gold)
    assert not checks.accuracy.shown
    assert checks.accuracy.difference > 0.05
    assert checks.flips.shown
    assert not checks.coverage.shown


def test_answers_without_a_label_fail_coverage() -> None:
    checks = check(lambda row, gold, chance: None if row % 25 == 0 else usual(row, gold, chance))
    assert checks.coverage.shown
    assert checks.coverage.difference == pytest.approx(-0.04, abs=0.005)
    assert checks.shown_since("coverage") == "2026-03-01"


def test_wrong_answers_that_lean_to_another_label_fail_its_share_alone() -> None:
    """The rows that were wrong before are wrong otherwise: nothing is lost, and the distribution has moved."""

    def lean(row: int, gold: str, generator: np.random.Generator) -> str | None:
        answer = usual(row, gold, generator)
        return answer if answer == gold else "delivery" if gold != "delivery" else "returns"

    checks = check(lean)
    assert checks.label.evidence.shown
    assert checks.label.label in LABELS
    assert not checks.accuracy.shown
    assert not checks.coverage.shown


def test_the_order_of_rows_is_of_no_account() -> None:
    accepted, nights = frame(usual, 0), [frame(usual, seed) for seed in (1, 2, 3)]
    plain = check_nights(accepted, [Night(str(i), night) for i, night in enumerate(nights)])
    mixed = check_nights(
        accepted.sample(fraction=1, shuffle=True, seed=1),
        [Night(str(i), night.sample(fraction=1, shuffle=True, seed=i)) for i, night in enumerate(nights)],
    )
    assert plain == mixed


def test_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="the answers of 2026-03-01 are not about the accepted rows"):
        check_nights(frame(usual, 0), [Night("2026-03-01", frame(usual, 1).head(5))])
    with pytest.raises(ValueError, match="no night"):
        check_nights(frame(usual, 0), [])


def test_rows_of_one_group_are_one_unit() -> None:
    unit_of, sizes = grouped_rows(pl.Series([7, 3, 7, 9], dtype=pl.UInt32))
    assert unit_of.tolist() == [1, 0, 1, 2]
    assert sizes.tolist() == [1, 2, 1]


def test_flips_alarm_seldom_where_rows_are_restless_and_soon_where_the_model_is_another() -> None:
    generator = np.random.default_rng(5)
    alarms = {True: 0, False: 0}
    for changed in alarms:
        for _ in range(150):
            sequence = FlipSequence(500, 500, 0.01, 0.003)
            before: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None
            chance = np.where(generator.random(500) < 0.1, 0.5, 0.0)
            accepted, moved = generator.random(500) < chance, generator.random(500) < 0.1 * changed
            for _ in range(10):
                night = (generator.random(500) < chance) | moved
                other = None if before is None else (night != before).astype(np.float64)
                evidence = sequence.add((night != accepted).astype(np.float64), other)
                before = night
            alarms[changed] += evidence.shown
    assert alarms[False] <= 2
    assert alarms[True] >= 140
