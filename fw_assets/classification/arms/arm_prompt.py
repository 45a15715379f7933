"""Prompt of an arm: the dataset's, asked in the arm's way."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.arm import Arm
from fw_assets.classification.arms.two_stage import two_stage_prompt
from fw_assets.classification.prompting.decision import decision_prompt
from fw_assets.classification.prompting.prompt import Prompt, system_text
from fw_assets.classification.prompting.record_text import record_text


def arm_prompt(
    prompt: Prompt, arm: Arm, descriptions: Mapping[str, str] | None, parents: Mapping[str, str] | None = None
) -> Prompt:
    """The question of an arm.

    Args:
        prompt: the dataset's.
        descriptions: what labels mean.
        parents: of labels that are no paths.

    Raises:
        InputError: the labels cannot be asked for so.
    """
    if arm.kind == "descriptions":
        described = with_descriptions(prompt, descriptions)
        return described.model_copy(update={"system": _system(described)})
    if arm.kind == "decision":
        return decision_prompt(with_descriptions(prompt, descriptions), field="arms")
    return two_stage_prompt(prompt, parents) if arm.kind == "two-stage" else prompt


def with_descriptions(prompt: Prompt, descriptions: Mapping[str, str] | None) -> Prompt:
    """The prompt with what its labels mean, which decisions say; the system message is as it was."""
    pairs = [(label, descriptions[label]) for label in prompt.labels if descriptions and label in descriptions]
    return prompt.model_copy(update={"descriptions": tuple(pairs)})


def _system(prompt: Prompt) -> str:
    if not prompt.fields:
        return system_text(prompt)
    meanings = (f"- {label}: {' '.join(text.split())}" for label, text in prompt.descriptions)
    return "\n".join([record_text(prompt.fields), "", f"The values of {prompt.fields[0].name} mean:", *meanings])
