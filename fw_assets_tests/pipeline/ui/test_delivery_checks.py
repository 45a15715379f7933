"""The check of the gate's decision, as Dagster's pages show it."""

from __future__ import annotations

import pytest

from fw_assets.classification.gate.deploy_gate import Decision
from fw_assets.pipeline.ui.delivery_checks import deployment_checks
from fw_assets_tests.pipeline.values.test_delivery import record


@pytest.mark.parametrize(
    ("decision", "passed"),
    [("deploy", True), ("keep-base", True), ("not-asked", True), ("keep-none", False), ("incomplete", False)],
)
def test_the_gate_passes_where_a_model_worth_using_stays(decision: Decision, passed: bool) -> None:
    check = deployment_checks("d", record(decision))[0]
    assert check.check_name == "gate"
    assert check.passed == passed
