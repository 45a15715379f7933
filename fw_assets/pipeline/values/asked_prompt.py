"""Prompt as a model is asked it: the dataset's or its arm's, without `reasoning_effort` where the model refuses that,
of a base model without contextual calibration where the validation rows say so, and with the thresholds of its labels.

The refusal is remembered for each model of a dataset, so that what was evaluated, is served, is checked at night and is
shown in the report is asked the same request.
"""

from __future__ import annotations

from fw_assets.classification.arm import arm_of
from fw_assets.classification.arms.arm_prompt import arm_prompt
from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Calibration, Prompt
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.values.evaluation import BaseMetrics, TunedMetrics
from fw_assets.workspace.workspace import Workspace

_ASSET = "reasoning_refusals"


class ReasoningRefusals(Frozen):
    """Which forms of a model refuse `reasoning_effort`."""

    base: bool = False
    tuned: bool = False


def asked_prompt(store: Workspace, dataset: str, slug: str, kind: str) -> Prompt:
    """The prompt as a model is asked it.

    Args:
        kind: `base`, or anything else for a fine-tuned model, which also refuses what its base has refused.

    Raises:
        FileNotFoundError: the dataset has no prompt.
    """
    prompt = store.require("prompt", dataset, Prompt)
    if arm := arm_of(slug):
        session = store.require("plan", dataset, Plan).session
        prompt = arm_prompt(prompt, arm, session.label_descriptions, session.label_parents)
    if prompt.mode == "decision" and (plan := store.read("plan", dataset, Plan)) and plan.shortlists:
        prompt = prompt.model_copy(update={"shortlist": plan.shortlists.of(slug)})
    refusals = _refusals(store, dataset, slug)
    refused = refusals.base or (refusals.tuned and kind != "base")
    if kind == "base" and (metrics := store.read("base_metrics", dataset, BaseMetrics, slug)):
        prompt = prompt.calibrated(prompt_calibration(metrics.calibration)).with_thresholds(metrics.thresholds)
    if kind == "tuned" and (tuned := store.read("metrics", dataset, TunedMetrics, slug)):
        prompt = prompt.with_thresholds(tuned.thresholds)
    return prompt.with_default_effort() if refused else prompt


def prompt_calibration(chosen: ContextualCalibration | None) -> Calibration | None:
    """The prompt's field for a choice; the default is not sent."""
    return "none" if chosen is not None and not chosen.used else None


def record_refusal(store: Workspace, dataset: str, slug: str, kind: str) -> None:
    """Remember that a model refuses `reasoning_effort`."""
    now = _refusals(store, dataset, slug).model_copy(update={"base" if kind == "base" else "tuned": True})
    store.write(_ASSET, dataset, now, inputs="", model=slug)


def _refusals(store: Workspace, dataset: str, slug: str) -> ReasoningRefusals:
    return store.read(_ASSET, dataset, ReasoningRefusals, slug) or ReasoningRefusals()
