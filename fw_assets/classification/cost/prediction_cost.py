"""Cost of labelling rows with a served model: its tokens, and the hours of a deployment of its own."""

from __future__ import annotations

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.cost_lines import CostPart, cost_part
from fw_assets.classification.cost.prices import Item
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range, total
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.values import Frozen


class PredictionCost(Frozen):
    """The quantities of an estimate, priced.

    Attributes:
        prompt_tokens, answer_tokens, minutes: of all requests.
        parts: what is paid: tokens where there is no deployment, or where its tokens have a price; its hours.
    """

    prompt_tokens: Range
    answer_tokens: Range
    minutes: Range
    parts: tuple[CostPart, ...]

    @property
    def usd(self) -> Range | None:
        """US dollars; None where a price is unknown."""
        known = [part.usd for part in self.parts if part.usd is not None]
        return total(known) if len(known) == len(self.parts) else None

    @property
    def known_usd(self) -> Range:
        """US dollars of what has a known price."""
        return total(part.usd for part in self.parts if part.usd is not None)

    def paid_usd(self, prompt_tokens: int, answer_tokens: int, hours: float) -> float | None:
        """US dollars of actual quantities; None where a price is unknown."""
        quantities = {"input": prompt_tokens, "output": answer_tokens, "hour": hours}
        usd = 0.0
        for part in self.parts:
            price = part.price.per_unit
            if price is None:
                return None
            usd += price * quantities[part.item.rsplit("-", 1)[-1]]
        return usd


def prediction_cost(
    model: PlannedModel,
    volume: TextVolume,
    answers: Range,
    pricing: Pricing,
    *,
    tuned: bool,
    deployed: bool,
    hour_usd: float | None = None,
) -> PredictionCost:
    """The cost of answers to prompts of a volume.

    Args:
        answers: their tokens.
        tuned: whether the model is fine-tuned.
        deployed: whether it answers from a deployment of its own.
        hour_usd: the price of the deployment's hour as it runs; None: that of the price book.
    """
    prompts = pricing.ratio_of(model).prompt_tokens(volume)
    minutes = pricing.timing.inference_minutes(volume.rows)
    parts: list[CostPart] = []
    if tuned or not deployed:
        items: tuple[Item, Item] = (
            ("tuned-inference-input", "tuned-inference-output") if tuned else ("inference-input", "inference-output")
        )
        parts += [
            cost_part(pricing.price(model, item), tokens)
            for item, tokens in zip(items, (prompts, answers), strict=True)
        ]
    if deployed and volume.rows:
        price = pricing.price(model, "tuned-deployment-hour" if tuned else "deployment-hour")
        price = price if hour_usd is None else price.model_copy(update={"usd": hour_usd})
        parts.append(cost_part(price, (minutes + pricing.timing.idle_minutes).times(1 / 60)))
    return PredictionCost(prompt_tokens=prompts, answer_tokens=answers, minutes=minutes, parts=tuple(parts))
