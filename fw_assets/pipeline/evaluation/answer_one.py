"""One answer of what serves a dataset, outside of an evaluation."""

from __future__ import annotations

from functools import partial

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import ChatCompletion, Fireworks
from fw_assets.pipeline.evaluation.decision import decide
from fw_assets.pipeline.evaluation.stages import answer
from fw_assets.pipeline.planning.shortlists import OptionsOf
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.pipeline.values.delivery import DeploymentRecord


async def answer_one(
    client: Fireworks, record: DeploymentRecord, prompt: Prompt, messages: str, options: OptionsOf | None = None
) -> ChatCompletion:
    """The answer to a conversation, asked as the evaluation asked its rows; `options` as for `decide`."""
    assert record.address is not None
    if record.server is not None:
        route_endpoint(client, record.serves[0], record.server, record.form)
    if prompt.mode == "decision":
        return (await decide(client, record.address, prompt, messages, options)).completion
    chat = partial(client.chat_at_any_effort, deployment_known=record.deployment is not None)
    return await answer(chat, record.address, prompt, messages)
