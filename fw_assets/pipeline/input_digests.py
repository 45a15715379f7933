"""Input digests: what each asset is made from. An asset whose stored inputs are others is due again."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.arm import Arm, arm_name
from fw_assets.classification.values import digest
from fw_assets.workspace.workspace import Workspace


def plan_inputs(workspace: Workspace, dataset: str) -> str | None:
    """Digest of what the current plan has to be made from: that of the registration."""
    head = workspace.header("registration", dataset)
    return head.inputs if head else None


def baseline_inputs(plan_digest: str) -> str:
    """Digest of what a base model's metrics, and the baselines, are made from."""
    return digest(["baseline", plan_digest])


def unevaluated_inputs(approval_digest: str) -> str:
    """Digest of what the reason why a base model has no figures holds under: another approval asks it again."""
    return digest(["unevaluated", approval_digest])


def finalists_inputs(workspace: Workspace, dataset: str, plan_digest: str, slugs: Sequence[str]) -> str:
    """Digest of what the finalists are chosen from: the metrics of every base model that has any."""
    return digest(["finalists", plan_digest, _digests(workspace, "base_metrics", dataset, slugs)])


def tuning_inputs(plan_digest: str, mitigation: str) -> str:
    """Digest of what a finalist's sweep, training, metrics and learning curve are made from."""
    return digest(["tuning", plan_digest, mitigation])


def delivery_inputs(workspace: Workspace, dataset: str, plan_digest: str, slugs: Sequence[str]) -> str:
    """Digest of what the deployment and the report are made from: the finalists and everything that was measured."""
    finalists = workspace.header("finalists", dataset)
    baselines = workspace.header("baselines", dataset)
    removed = workspace.header("removed_deployment", dataset)
    rows = [arm_name(slug, Arm("decision")) for slug in slugs]
    decided = [entry for entry in _digests(workspace, "metrics", dataset, rows) if entry[1]]
    return digest(
        [
            "delivery",
            plan_digest,
            finalists.digest if finalists else None,
            _digests(workspace, "metrics", dataset, slugs),
            baselines.digest if baselines else None,
            _digests(workspace, "learning_curve", dataset, slugs),
            *([removed.digest] if removed else []),
            *([decided] if decided else []),
        ]
    )


def incomplete_inputs(approval_digest: str) -> str:
    """Digest of what the report of a stopped run is made from: the approval that it ran under."""
    return digest(["incomplete", approval_digest])


def _digests(workspace: Workspace, asset: str, dataset: str, slugs: Sequence[str]) -> list[tuple[str, str | None]]:
    heads = [(slug, workspace.header(asset, dataset, slug)) for slug in sorted(slugs)]
    return [(slug, head.digest if head else None) for slug, head in heads]
