"""Prices, token ratios and durations of a plan's models."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.durations import Timing
from fw_assets.classification.cost.machine_time import scoring_minutes, training_minutes
from fw_assets.classification.cost.prices import Item, Price, PriceBook
from fw_assets.classification.cost.ranges import Range, longest
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import TokenRatio
from fw_assets.classification.cost.vocabularies import ratio_by_name
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.values import Frozen


class Pricing(Frozen):
    """Prices, token ratios and durations: all that turns quantities into money and minutes.

    `ratios` holds measured ratios by model slug, `vocabularies` those of model families, as `ratio_by_name` takes them.
    `base_answers_freely`: whether base models answer without constrained decoding; the others refuse such requests,
    which then cost nothing.
    """

    prices: PriceBook
    ratio: TokenRatio
    timing: Timing
    ratios: Mapping[str, TokenRatio] = {}
    vocabularies: Mapping[str, TokenRatio] = {}
    base_answers_freely: bool = True
    speeds: Mapping[str, ModelSpeed] = {}
    """Measured speeds by model slug; the others have what their entry tells, if it does."""

    def ratio_of(self, model: PlannedModel) -> TokenRatio:
        """The measured ratio of a model, else that of its family, else the general one."""
        measured = self.ratios.get(model.slug)
        return measured or ratio_by_name(self.vocabularies, model.origin or model.asked_name) or self.ratio

    def speed_of(self, model: PlannedModel) -> ModelSpeed | None:
        """The speed of a model on its machine; None where the timing of the platform holds."""
        return self.speeds.get(model.slug) or (model.entry.speed if model.entry else None)

    def inference_minutes(self, model: PlannedModel, volume: TextVolume) -> Range:
        """Minutes of the answers of one model."""
        speed = self.speed_of(model)
        if speed is None:
            return self.timing.inference_minutes(volume.rows)
        return scoring_minutes(speed, self.ratio_of(model), volume)

    def job_minutes(self, model: PlannedModel, train: TextVolume, workload: Workload) -> Range:
        """Minutes of the longest job of a model's cells on `train`."""
        speed = self.speed_of(model)
        if speed is None:
            return longest(
                self.timing.training_minutes(train.rows, cell.epochs, cell.batch_size) for cell in model.cells
            )
        epochs = max((cell.epochs for cell in model.cells), default=0)
        chooses = not workload.multi_label
        return training_minutes(speed, self.ratio_of(model), train, workload.validation, epochs, chooses=chooses)

    def price(self, model: PlannedModel, item: Item) -> Price:
        return self.prices.price(model.asked_name, item, model.parameter_count, model.origin)

    def hour(self, model: PlannedModel, *, tuned: bool) -> Price:
        """The price of an hour of the deployment of a model, or of what is fine-tuned from it."""
        return self.price(model, "tuned-deployment-hour" if tuned else "deployment-hour")
