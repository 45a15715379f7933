"""Plans that wait for approval while the platform's prices change, under the daemon."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from fw_assets.definitions import defs
from fw_assets.pipeline.automation.outdated_plans import outdated_plans
from fw_assets.pipeline.phases import PLAN, PLANNING, Step, due
from fw_assets.pipeline.resources import PlatformResource
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets_tests.pipeline.automation.test_sensors import Daemon, daemon
from fw_assets_tests.pipeline.price_changes import USUAL, charge_at

__all__ = ["daemon"]


def compare(daemon: Daemon) -> tuple[list[dg.RunRequest], str]:
    result = daemon.tick(outdated_plans(OWN), platform=PlatformResource())
    reason = result.skip_reason
    return list(result.run_requests or []), str(reason.skip_message if isinstance(reason, dg.SkipReason) else reason)


def test_a_plan_that_waits_is_made_again_when_a_price_of_its_own_changes(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / ".platform"
    charge_at(home, USUAL)
    assert compare(daemon) == ([], "no plan waits for approval")
    for name, mode in (("tickets", "fine-tune"), ("other", "benchmark")):
        daemon.drop(name, session=f"models: [char-ngram]\nmode: {mode}\n")
        daemon.look()
        execute(daemon.instance, defs, Step(PLANNING, name, None, ""))
    assert compare(daemon) == ([], "every plan that waits states what the platform offers")
    before = daemon.store.header("plan", "tickets")

    charge_at(home, {**USUAL, "training": 500.0})
    (request,), _ = compare(daemon)
    assert (request.partition_key, request.asset_selection) == ("tickets", [dg.AssetKey("plan")])
    assert compare(daemon)[0][0].run_key == request.run_key, "Dagster drops a run key that it has had"
    execute(daemon.instance, defs, Step(PLAN, "tickets", None, ""))
    assert daemon.store.header("plan", "tickets") != before
    changes = daemon.store.require("plan_changes", "tickets", PlanChanges)
    assert "training of char-ngram: $5.00 -> $500.00 per million tokens." in changes.differences
    assert due(daemon.store, "tickets").state == "waiting"
    assert compare(daemon) == ([], "every plan that waits states what the platform offers")

    monkeypatch.setenv("FW_PRICES", str(tmp_path / "missing.yaml"))
    requests, said = compare(daemon)
    assert requests == []
    assert "missing.yaml: cannot be read" in said
    monkeypatch.delenv("FW_PRICES")
    assert compare(daemon) == ([], "every plan that waits states what the platform offers")


def test_the_cursor_is_a_few_words_and_that_of_an_earlier_version_is_read(daemon: Daemon, tmp_path: Path) -> None:
    charge_at(tmp_path / ".platform", USUAL)
    daemon.drop("tickets", session="models: [char-ngram]\nmode: benchmark\n")
    daemon.look()
    execute(daemon.instance, defs, Step(PLANNING, "tickets", None, ""))
    compare(daemon)
    assert daemon.cursors["outdated_plans"] == "1 plan, see .outdated_plans.json in the workspace"
    kept = Path(daemon.store.path(".outdated_plans.json"))
    states = kept.read_text("utf-8")
    daemon.cursors["outdated_plans"] = states  # where they were
    kept.unlink()
    assert compare(daemon) == ([], "every plan that waits states what the platform offers")
    assert kept.read_text("utf-8") == states
