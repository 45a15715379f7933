"""Provenance of a report: who approved its run, on which platform it ran, with which versions, and how to ask it."""

from __future__ import annotations

import datetime as dt
import platform as python_platform
import shlex
from importlib import metadata

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.approval import Approval
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.pipeline.workflow.next_step import to_deploy
from fw_assets.pipeline.workflow.owner import owner_of
from fw_assets.report.schema.report import Run
from fw_assets.workspace.workspace import Workspace

PACKAGES = ("fw-assets", "dagster", "polars", "numpy", "scipy", "pydantic", "httpx")


def report_run(
    platform: Platform, approval: Approval, account: str | None, plan: Plan, revised: Estimate | None = None
) -> Run:
    """Where, when and by whom; `revised` is the estimate after the base benchmark."""
    timed = revised is not None and plan.runs_on_own_machine
    return Run(
        platform=platform.name,
        base_url=platform.public_url if platform.is_embedded else None,
        account=account,
        started_at=approval.at,
        finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        approved_by=approval.approved_by,
        approved_at=approval.at,
        note=approval.note,
        planned_minutes=plan.estimate_for(approval.mitigation).minutes if timed else None,
        revised_minutes=revised.minutes if revised is not None and timed else None,
    )


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on; what is not installed is left out."""
    versions = {"python": python_platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def predict_command(platform: Platform, store: Workspace, dataset: str) -> str:
    """The command that asks for the label of a text, which comes last."""
    return _own_platform(platform, store) + command(store, "predict", dataset, anywhere=True)


def _own_platform(platform: Platform, store: Workspace) -> str:
    """What a command needs to ask the platform of a component, and not that of the environment."""
    if owner_of(store) is None:
        return ""
    if not platform.is_embedded:
        return f"FW_PLATFORM={platform.name} "
    return f"FW_PLATFORM_HOME={shlex.quote(str(platform.home))} "


def client_setup(platform: Platform, store: Workspace, dataset: str, *, deployed: bool = False) -> tuple[str, ...]:
    """The shell commands that have to come before the report's snippets.

    Args:
        deployed: they ask a deployment of this program's, which is removed where nobody asks it for days.
    """
    # Before the others: a shell may not wait for what follows a server in the background.
    returns = (f"# if its deployment was removed: {to_deploy(store, dataset, anywhere=True)}",) if deployed else ()
    if not platform.is_embedded:
        return (*returns, "export FIREWORKS_API_KEY=...")
    port = platform.public_url.rpartition(":")[2]
    server = _own_platform(platform, store) + command(store, "serve", "--port", port, anywhere=True)
    key = shlex.quote(str(platform.home / "api_key"))
    return (*returns, f"{server} &", f'export FIREWORKS_API_KEY="$(cat {key})"')
