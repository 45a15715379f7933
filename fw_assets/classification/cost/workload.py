"""The text of each stage of a plan."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.values import Frozen


class Workload(Frozen):
    """The text of each stage; `train` and `sweep` are what jobs train on, after any mitigation.

    Equal prompts of `validation` and `test` count once, because they are sent once.
    """

    train: TextVolume
    sweep: TextVolume
    validation: TextVolume
    test: TextVolume
    out_of_scope: TextVolume = TextVolume()
    """Rows that belong to no label."""
    unconstrained: TextVolume = TextVolume()
    """Test rows that are sent a second time, without constrained decoding."""
    null_control: TextVolume = TextVolume()
    """Test rows that are sent to base models a second time unchanged, to measure the noise floor."""
    multi_label: bool = False
    """Whether a row can have several labels, of which a base model names more than the row has."""
    arms: Mapping[str, Workload] = {}
    """By arm, what base models are asked in its way."""

    def of(self, model: PlannedModel) -> Workload:
        """The text that a model is asked."""
        return self.arms[str(model.arm)] if model.arm else self

    @property
    def evaluation(self) -> TextVolume:
        """The prompts that a fine-tuned model answers."""
        return self._asked + self.unconstrained

    def base_evaluation(self, unconstrained: bool) -> TextVolume:
        """The prompts that a base model answers; `unconstrained` tells whether it can without constrained decoding."""
        return (self.evaluation if unconstrained else self._asked) + self.null_control

    @property
    def _asked(self) -> TextVolume:
        return self.validation + self.out_of_scope + self.test
