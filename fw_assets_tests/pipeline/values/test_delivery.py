"""The model that stays after a run, by the winner and the gate's decision."""

from __future__ import annotations

import pytest

from fw_assets.classification.gate.deploy_gate import Decision, GateDecision
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.selection.selection import ModelKind, Winner
from fw_assets.pipeline.values.delivery import DeploymentRecord

UNTUNED, TUNED = ("small", "base"), ("large", "tuned")


def record(decision: Decision, winner: tuple[str, ModelKind] = ("large", "tuned"), **more: object) -> DeploymentRecord:
    """The record of a decision about a winner; the best model that needs no tuning is `small`."""
    return DeploymentRecord(
        winner=Winner.model_validate(
            {"model": winner[0], "kind": winner[1], "why": "best", "ranked": (), "untuned": "small"} | more
        ),
        gate=GateDecision(decision=decision, model=winner[0], why="as said", policy=GatePolicy()),
        deployed=decision == "deploy",
        model="accounts/a/models/m",
        address=None,
        deployment=None,
        endpoint=None,
        proof=None,
    )


@pytest.mark.parametrize(
    ("decision", "stays"),
    [
        ("deploy", TUNED),
        ("not-asked", TUNED),
        ("incomplete", TUNED),
        ("keep-base", UNTUNED),
        ("keep-none", UNTUNED),
    ],
)
def test_a_tuned_winner_stays_unless_the_gate_refuses_it(decision: Decision, stays: tuple[str, ModelKind]) -> None:
    assert record(decision).in_use == stays


@pytest.mark.parametrize(("decision", "stays"), [("not-asked", "mine"), ("keep-base", "small"), ("keep-none", "small")])
def test_an_adapter_stays_unless_the_gate_refuses_it(decision: Decision, stays: str) -> None:
    won = record(decision, ("mine", "base"), untuned="mine", adapter=True, base="small")
    assert won.in_use == (stays, "base")


@pytest.mark.parametrize("decision", ["not-asked", "keep-base", "keep-none"])
def test_a_base_model_that_wins_stays(decision: Decision) -> None:
    assert record(decision, ("small", "base")).in_use == UNTUNED


def test_what_is_served_without_a_deployment_needs_no_tuning() -> None:
    assert record("not-asked").serves == UNTUNED
    assert record("deploy").serves == TUNED
