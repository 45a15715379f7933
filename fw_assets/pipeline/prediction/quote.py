"""Quote of a labelling: the texts that have no answer yet, their tokens, and what they cost at the prices of now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from fw_assets.classification.arm import without_arm
from fw_assets.classification.arms.two_stage import longest_questions
from fw_assets.classification.catalogue.served_names import is_served_name
from fw_assets.classification.cost.inference_lines import MULTI_LABEL_ANSWERS
from fw_assets.classification.cost.prediction_cost import PredictionCost, prediction_cost
from fw_assets.classification.cost.ranges import NOTHING, Range
from fw_assets.classification.cost.text_volumes import MAX_MEASURED_ROWS, TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, TokenRatio
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.record_text import record_bytes
from fw_assets.fireworks import Deployment, Fireworks
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.platform.catalogue import own_prices, platform_pricing, read_priced_catalogue
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.platform.endpoints import endpoint_prices
from fw_assets.pipeline.platform.named_models import with_named_models
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.served import Served
from fw_assets.workspace.workspace import Workspace


class PricedRequests(NamedTuple):
    """The requests of a file that have no answer yet.

    Attributes:
        answered: how many have one.
        over_context: how many may be longer than what the model reads.
        probe: the messages of the first; None where there is none.
    """

    number: int
    answered: int
    over_context: int
    context: int | None
    cost: PredictionCost
    probe: str | None


async def price_requests(
    client: Fireworks, platform: Platform, store: Workspace, dataset: str, served: Served, requests: RequestSet
) -> PricedRequests:
    """The requests that have no answer yet, priced.

    Raises:
        DeploymentRemoved: what served is gone.
        InputError: the price file is wrong.
    """
    number = requests.total - requests.answered
    deployment: Deployment | None = None
    if number:
        deployment = await require_deployment(client, store, dataset, served.record)
    listed = await read_priced_catalogue(client)
    record = served.record
    name = record.model if is_served_name(record.model) else without_arm(record.serves[0])
    models = await with_named_models(client, listed.models, [name])
    model = served.planned(models)
    server = served.record.server
    endpoints = {} if server is None else {model.slug: server}
    pricing = platform_pricing(platform, endpoint_prices(listed.prices, endpoints, own_prices()))
    context = model.entry.context_length if model.entry else None
    count = platform.count_tokens
    step = max(1, -(-number // MAX_MEASURED_ROWS))
    sample, probe = list[str](), None
    for position, (_, messages) in enumerate(requests.unanswered()):
        probe = probe or messages
        if position % step == 0:
            sample.append(messages)
    asked, ratio = longest_questions(served.prompt), pricing.ratio_of(model)
    prompts = [_volume([(messages, "") for messages in sample], question, count).scaled(number) for question in asked]
    cost = prediction_cost(
        model,
        sum(prompts[1:], start=prompts[0]),
        sum((_answers(number, question, ratio, count) for question in asked), start=NOTHING),
        pricing,
        tuned=served.is_tuned,
        deployed=deployment is not None,
        hour_usd=hour_usd(listed.prices, deployment, model, tuned=served.is_tuned),
    )
    over = 0 if context is None else max(volume.longer_than(context) for volume in prompts)
    return PricedRequests(number, requests.answered, over, context, cost, probe)


def _answers(number: int, prompt: Prompt, ratio: TokenRatio, count: Callable[[str], int] | None) -> Range:
    """Tokens of the answers, which nobody knows: each label as often as any other, at most the longest in each row."""
    if prompt.fields:
        texts = ["x" * record_bytes(prompt.fields)]
    else:
        texts = [prompt.render([label]) for label in prompt.labels]
    lengths = [ratio.answer_tokens(_volume([("[]", text)], prompt, count)) for text in texts]
    most = float(prompt.max_tokens) if prompt.multi_label else max(length.high for length in lengths)
    expected = sum(length.expected for length in lengths) / len(lengths)
    if prompt.multi_label:
        expected *= MULTI_LABEL_ANSWERS.expected
    each = Range(low=min(length.low for length in lengths), expected=expected, high=max(most, expected))
    return each.times(number)


def _volume(rows: Sequence[tuple[str, str]], prompt: Prompt, count: Callable[[str], int] | None) -> TextVolume:
    """The volume of conversations with their answers."""
    if not rows:
        return TextVolume()
    messages, answers = zip(*rows, strict=True)
    frame = pl.DataFrame({"split": "asked", "messages": messages, "labels": [[text] for text in answers]})
    return measure_volumes(
        frame, system=prompt.system or "", render="".join, count=count, estimate=BYTE_PAIR.expected_tokens
    )["asked"]
