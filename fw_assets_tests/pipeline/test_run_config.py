"""Run configuration is spelled in one place, from the lists that the session and the drivers have."""

from __future__ import annotations

from itertools import product

import dagster as dg
import pytest

from fw_assets.classification.session import MITIGATIONS, Mitigation
from fw_assets.definitions import defs
from fw_assets.pipeline.config import ApprovalConfig, DriverChoice, MitigationChoice
from fw_assets.pipeline.run_config import DRIVERS, Driver, approval_config


@pytest.mark.parametrize(("driver", "mitigation"), list(product(DRIVERS, (None, *MITIGATIONS))))
def test_dagster_accepts_the_configuration_of_every_approval(driver: Driver, mitigation: Mitigation | None) -> None:
    config = approval_config("ann", "p1", driver=driver, mitigation=mitigation, note="looked at it")
    assert dg.validate_run_config(defs.resolve_job_def("approve_plan"), {"ops": {"approval": {"config": config}}})
    received = ApprovalConfig(
        **{**config, "driver": DriverChoice[config["driver"]], "mitigation": MitigationChoice[config["mitigation"]]}
    )
    assert received.driver is not None
    assert received.driver.value == driver
    assert received.mitigation.value == (mitigation or "as-planned")


def test_the_launchpad_offers_what_the_session_has() -> None:
    assert [choice.value for choice in MitigationChoice] == ["as-planned", *MITIGATIONS]
    assert [choice.value for choice in DriverChoice] == list(DRIVERS)
