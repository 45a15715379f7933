"""Decisions of a served model. Synchronous; run in a thread."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.embedded.decisions.distribution import Distribution, decide
from fw_assets.embedded.decisions.question import DecisionRequest
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.model_cache import load_model
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.usage_counter import usage_counter


def decide_all(
    platform: EmbeddedPlatform, requests: Sequence[DecisionRequest], target: ServingTarget
) -> list[list[Distribution] | RpcError]:
    """For each request the distributions of its questions by `target`, or why it was refused.

    Raises:
        DamagedModel, EngineError, WeightsError: the model's files cannot be used.
        RpcError: INVALID_ARGUMENT when the model answers no decisions.
    """
    outcomes = decide(load_model(platform, target), requests)
    for request, outcome in zip(requests, outcomes, strict=True):
        if not isinstance(outcome, RpcError):
            tokens = {"inference-input": request.tokens, "inference-output": 0}
            usage_counter(platform).count_request(
                target.deployment, platform.clock(), target.base, tokens, batch=target.batch
            )
    return outcomes
