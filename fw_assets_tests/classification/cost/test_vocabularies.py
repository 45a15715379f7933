from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import Pricing
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.cost.text_sizes import TextSize
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, TokenRatio
from fw_assets.classification.cost.vocabularies import LLAMA_3, LLAMA_4, QWEN, VOCABULARIES, ratio_by_name


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("accounts/fireworks/models/qwen3-8b", QWEN),
        ("accounts/fireworks/models/qwen2p5-72b-instruct", QWEN),
        ("accounts/fireworks/models/llama-v3p3-70b-instruct", LLAMA_3),
        ("accounts/fireworks/models/llama4-scout-instruct-basic", LLAMA_4),
        ("accounts/fireworks/models/qwen3p7-plus", None),
        ("accounts/fireworks/models/gemma-4-26b", None),
    ],
)
def test_a_family_is_known_by_the_name_of_its_models(name: str, ratio: TokenRatio | None) -> None:
    assert ratio_by_name(VOCABULARIES, name) == ratio
    pricing = Pricing(prices=PriceBook(layers=()), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING, vocabularies=VOCABULARIES)
    model = PlannedModel(name=name, slug="m", tunable=True, strategy="serverless", cells=())
    assert pricing.ratio_of(model) == (ratio or BYTE_PAIR)
    assert pricing.model_copy(update={"ratios": {"m": QWEN}}).ratio_of(model) == QWEN, "what was measured wins"
    assert pricing.model_copy(update={"vocabularies": {}}).ratio_of(model) == BYTE_PAIR, "as earlier versions stored it"


# Tokens that the byte-pair vocabularies of the families make of these texts.
MESSAGES = {
    "I was charged twice this month, and the app crashes when I open the invoice.": (17, 17, 17),
    "请问我的退款什么时候可以到账,订单已经取消五天了。": (14, 18, 16),
    "FREE entry! Text WIN to 80086 now. T&Cs apply, 18+ only.": (25, 21, 21),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_the_families_count_within_a_fifth_of_their_vocabularies(text: str) -> None:
    sized = TextSize()
    sized.add(text)
    for ratio, tokens in zip((QWEN, LLAMA_3, LLAMA_4), MESSAGES[text], strict=True):
        assert ratio.expected_tokens(sized) == pytest.approx(tokens, rel=0.2)
