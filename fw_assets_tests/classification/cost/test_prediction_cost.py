from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prediction_cost import prediction_cost
from fw_assets.classification.cost.prices import Price, PriceBook
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import COUNTED

MODEL = PlannedModel(name="accounts/a/models/m", slug="m", tunable=True, strategy="serverless", cells=())
VOLUME = TextVolume(rows=1_000, messages=1_000, prompt_characters=40_000, prompt_tokens=10_000, answer_tokens=0)
ANSWERS = Range(low=1_000, expected=2_000, high=3_000)
PRICES = {"inference-input": 1.0, "inference-output": 2.0, "tuned-inference-input": 0.0, "deployment-hour": 8.0}


def pricing() -> Pricing:
    prices = tuple(Price(item=item, usd=usd) for item, usd in PRICES.items())
    return Pricing(prices=PriceBook(layers=(prices,)), ratio=COUNTED, timing=FIREWORKS_TIMING)


def test_serverless_tokens_are_what_is_paid() -> None:
    cost = prediction_cost(MODEL, VOLUME, ANSWERS, pricing(), tuned=False, deployed=False)
    assert cost.prompt_tokens.expected == 10_000 + 4 * 1_000
    assert cost.usd is not None
    assert cost.usd.expected == pytest.approx(0.014 + 0.004)
    assert cost.usd.high == pytest.approx(0.014 + 0.006)
    assert cost.paid_usd(1_000_000, 500_000, hours=3.0) == pytest.approx(2.0)


def test_a_deployment_is_paid_by_the_hour_until_it_has_scaled_to_zero() -> None:
    cost = prediction_cost(MODEL, VOLUME, ANSWERS, pricing(), tuned=False, deployed=True, hour_usd=4.0)
    (hours,) = cost.parts
    assert hours.quantity.high * 60 == pytest.approx(2 * 1_000 / 16 / 60 + 10)
    assert cost.paid_usd(1_000_000, 1_000_000, hours=0.5) == pytest.approx(2.0)
    nothing = prediction_cost(MODEL, TextVolume(), ANSWERS.times(0), pricing(), tuned=False, deployed=True)
    assert nothing.usd == Range(low=0, expected=0, high=0)


def test_a_price_that_is_not_known_makes_the_cost_unknown() -> None:
    cost = prediction_cost(MODEL, VOLUME, ANSWERS, pricing(), tuned=True, deployed=True)
    assert cost.usd is None
    assert cost.known_usd.high > 0
    assert cost.paid_usd(1, 1, hours=1.0) is None
