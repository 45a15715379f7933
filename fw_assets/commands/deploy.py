"""Command that brings the winner of a finished dataset back."""

from __future__ import annotations

import getpass
from typing import Any

from fw_assets.commands.workflow import workers
from fw_assets.console import echo, echo_json, err
from fw_assets.exit_codes import DONE, FAILED, WAITING
from fw_assets.pipeline.evaluation.winner_deployment import WinnerDeployment
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.runner.redelivery import bring_back, find_winner, require_yes, what_it_costs
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.pipeline.workflow.owner import require_no_owner
from fw_assets.workspace.workspace import Workspace


def deploy(root: str, name: str, *, digest: str, as_json: bool, make_pool: PoolFactory | None = None) -> int:
    """Say what serves a dataset's winner; where that is gone, what it costs, and with a yes bring it back.

    Args:
        digest: of the plan under which the money is spent; empty: nothing is brought back.
    """
    store, platform = Workspace(root), platform_from_environment()
    registered_dataset(store, name)
    require_no_owner(store)
    found = find_winner(store, platform, name)
    if digest:
        require_yes(store, name, found, digest)
    if found.serving is not None or not digest:
        _show(name, found, as_json=as_json)
        if found.serving is not None:
            err.print("Nothing was done.")
            return DONE
        again = command(store, "deploy", name, "--digest", found.plan_digest)
        err.print(f"Bring it back with: {again}", soft_wrap=True)
        return WAITING
    err.print(what_it_costs(name, found))
    with workers(store, name, as_json, make_pool) as pool:
        status = bring_back(pool, store, platform, name, found, getpass.getuser(), report=err.print)
    if as_json and status.state != "done":
        echo_json({"dataset": name, "state": status.state, "note": status.note})
    if status.state == "elsewhere":
        err.print(f"{name}: {status.note}, which brings it back ({command(store, 'ui')})", soft_wrap=True)
        return WAITING
    if status.state != "done":
        err.print(f"{name}: {status.note}")
        return FAILED
    _show(name, find_winner(store, platform, name), as_json=as_json)
    return DONE


def _show(name: str, found: WinnerDeployment, *, as_json: bool) -> None:
    record = found.record
    if not as_json:
        answers = f"\nIt answers at {record.endpoint} as {record.address}" if found.serving is not None else ""
        return echo(what_it_costs(name, found) + answers)
    result: dict[str, Any] = {
        "dataset": name,
        "up": found.serving is not None,
        "model": record.model,
        "deployment": record.deployment,
        "address": record.address,
        "endpoint": record.endpoint,
        "adopts": found.standing.name if found.standing else None,
        "failure": found.failure or None,
        "usd_per_hour": found.usd_per_hour,
        "most_usd": found.most_usd,
        "plan_digest": found.plan_digest,
    }
    return echo_json(result)
