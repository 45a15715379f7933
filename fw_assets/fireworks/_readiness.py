"""Readiness of a deployed model: it has answered, under a known address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._chat import chat_once
from ._completion import ChatCompletion
from ._deployments import COLLECTION, Deployment, get_deployment
from ._errors import BadRequest, DeploymentFailed, FireworksError, NotFound, ReasoningRefused, WaitTimeout
from ._http import HttpClient
from ._logger import log
from ._polling import poll
from ._reminders import remind

PROBE: Mapping[str, Any] = {
    "messages": [{"role": "user", "content": "Answer with the word ok."}],
    "max_tokens": 8,
    "temperature": 0,
}


@dataclass(frozen=True)
class ReadyDeployment:
    """A deployment that has answered: `address` is what to put into a request's `model` field."""

    deployment: Deployment
    address: str
    completion: ChatCompletion
    seconds: float


def addresses(deployment: Deployment, model: str) -> tuple[str, ...]:
    """The forms under which `model` may be reached on `deployment`, the most reliable first.

    The bare deployment answers with its base model, so it only stands for `model` when they are the same. A `model`
    that is the name of a deployment, or of a model on one, is its own address.
    """
    if f"/{COLLECTION}/" in model:
        return (model,)
    routed = f"{model}#{deployment.name}"
    if deployment.base_model == model:
        return (deployment.name, routed, model)
    return (routed, model)


async def wait_ready(
    http: HttpClient,
    account: str,
    deployment_id: str,
    model: str,
    *,
    probe: Mapping[str, Any] | None,
    poll_interval: float,
    timeout: float,
    on_progress: Callable[[Deployment], Any] | None,
) -> ReadyDeployment:
    """The deployment once it has given a real answer for `model`.

    Raises:
        DeploymentFailed: it failed, or refuses the probe in every form of address.
        ReasoningRefused: it refuses the probe's `reasoning_effort`.
        WaitTimeout: no answer within `timeout` seconds.
    """
    started = http.clock.now()
    deployment = await poll(
        f"deployment {deployment_id}",
        lambda: get_deployment(http, account, deployment_id),
        lambda deployment: deployment.state == "READY" or deployment.gone,
        clock=http.clock,
        interval=poll_interval,
        timeout=timeout,
        describe=lambda deployment: f"{deployment.state}, {deployment.replica_count} replicas",
        on_progress=on_progress,
    )
    if deployment.gone:
        raise DeploymentFailed(f"{deployment.name} is {deployment.state}: {deployment.status.message}")
    body = {**(probe or PROBE)}
    pause = min(0.1, poll_interval)
    while True:
        address, completion, failure = await _first_answer(http, body, addresses(deployment, model))
        now = http.clock.now()
        if completion is not None:
            log.info("%s answers as %s after %.1f s", deployment.name, address, now - started)
            return ReadyDeployment(deployment, address, completion, now - started)
        if now - started >= timeout:
            raise WaitTimeout(f"an answer from {deployment.name}", now - started, str(failure))
        log.info("waiting for an answer from %s: %s", deployment.name, failure)
        waited = now - started
        remind(f"an answer from {deployment.name}", str(failure), waited=waited, left=timeout - waited, now=now)
        await http.clock.sleep(pause)
        pause = min(poll_interval, pause * 1.5)


async def _first_answer(
    http: HttpClient, body: Mapping[str, Any], forms: tuple[str, ...]
) -> tuple[str, ChatCompletion | None, FireworksError | None]:
    failures: list[FireworksError] = []
    for address in forms:
        try:
            completion = await chat_once(http, {**body, "model": address})
        except FireworksError as error:
            if http.retry_policy.backoff_for(error, deployment_known=True) is None and not isinstance(
                error, BadRequest
            ):
                raise
            failures.append(error)
        else:
            if completion.text or completion.finish_reason:
                return address, completion, None
            failures.append(FireworksError("an empty answer"))
    for failure in failures:
        if isinstance(failure, ReasoningRefused):
            raise failure
    first = failures[0]
    if isinstance(first, BadRequest) and all(isinstance(error, BadRequest | NotFound) for error in failures):
        raise DeploymentFailed(f"the deployment refuses the probe: {first.detail}")
    return forms[0], None, first
