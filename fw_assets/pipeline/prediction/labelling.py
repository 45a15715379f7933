"""Labelling under way: the requests of one file, and their payment."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import Fireworks, ReasoningRefused
from fw_assets.pipeline.budget.prediction_account import PredictionAccount
from fw_assets.pipeline.errors.budget import PredictionStopped
from fw_assets.pipeline.errors.phase import first_error
from fw_assets.pipeline.evaluation.endpoint import IDLE_SECONDS
from fw_assets.pipeline.evaluation.online import alternatives_needed, send_all
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.planning.shortlists import served_options
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.prediction.quote import PricedRequests
from fw_assets.pipeline.prediction.served import Served
from fw_assets.pipeline.values.prediction import PaidTokens, PredictionRun
from fw_assets.workspace.workspace import Workspace

_PAID = "prediction_paid"
_ROUNDING = 1e-9


@dataclass
class Labelling:
    """The requests of one file on their way, and their payment."""

    store: Workspace
    platform: Platform
    dataset: str
    wanted: LabelRequest
    served: Served
    run: PredictionRun
    requests: RequestSet
    cache: ResponseCache
    priced: PricedRequests
    sent: int = 0
    paid_tokens: tuple[int, int] = (0, 0)
    paid_usd: float | None = 0.0
    _tokens: tuple[int, int] = (0, 0)

    def ask(self) -> None:
        """Ask for every text that has no answer yet, and pay for the answers that came, whatever ends the work."""
        with self._paid():
            if self.priced.probe is not None:
                self.sent = self.platform.call(self._send)

    @property
    def _limit(self) -> float:
        """The US dollars that it may cost."""
        usd = self.priced.cost.usd
        if self.wanted.max_spend_usd is not None:
            return self.wanted.max_spend_usd
        return math.inf if usd is None else usd.high

    async def _send(self, client: Fireworks) -> int:
        record, prompt, probe = self.served.record, self.served.prompt, self.priced.probe or "[]"
        if record.server is not None:
            route_endpoint(client, record.serves[0], record.server, record.form)
        if record.deployment is not None:
            await client.wait_deployment_ready(record.deployment, record.model, probe=request(prompt, probe))
        try:
            async with asyncio.timeout(self._seconds()):
                try:
                    return await self._send_all(client, prompt)
                except* ReasoningRefused:
                    if prompt.reasoning_effort is None:
                        raise
                return await self._send_all(client, prompt.with_default_effort())
        except TimeoutError:
            raise self._stopped() from None
        except ExceptionGroup as group:
            raise first_error(group) from None

    async def _send_all(self, client: Fireworks, prompt: Prompt) -> int:
        return await send_all(
            client,
            self.served.address,
            prompt,
            self.requests,
            self.cache,
            what=f"{self.dataset}: labels of {Path(self.wanted.file).name}",
            count_tokens=self._count,
            alternatives=alternatives_needed(prompt) if self.wanted.probabilities else 0,
            required=self.wanted.probabilities,
            options=served_options(self.store, self.platform, self.dataset, prompt),
        )

    def _count(self, prompt_tokens: int, answer_tokens: int) -> None:
        self._tokens = (self._tokens[0] + prompt_tokens, self._tokens[1] + answer_tokens)
        usd = self.priced.cost.paid_usd(*self._tokens, hours=0.0)
        if usd is not None and usd > self._limit + _ROUNDING:
            raise self._stopped()

    def _seconds(self) -> float | None:
        """How long a deployment may be asked before its hours come to more than it may cost."""
        hours = next((part for part in self.priced.cost.parts if part.unit == "hours"), None)
        if hours is None or not hours.price.usd or math.isinf(self._limit):
            return None
        tokens = sum(part.usd.high for part in self.priced.cost.parts if part.usd is not None and part is not hours)
        return max(0.0, (self._limit - tokens) / hours.price.usd * 3600 - IDLE_SECONDS)

    def _stopped(self) -> PredictionStopped:
        return PredictionStopped(self.wanted.file, self._limit)

    @contextmanager
    def _paid(self) -> Iterator[None]:
        """Reserve the high figure before the block, and pay after it for what has no payment yet.

        That is also what an earlier command was answered that was killed before it could pay.
        """
        account, run = PredictionAccount(self.store, self.dataset), self.run
        before = self.store.read(_PAID, self.dataset, PaidTokens, run.id) or PaidTokens()
        id = f"{run.id}-{before.prompts + before.answers}"
        if self.priced.probe is not None:
            account.reserve(id, min(self._limit, self.priced.cost.known_usd.high))
        started = time.monotonic()
        try:
            yield
        finally:
            self.cache.flush()
            prompts, answers = self.cache.tokens()
            self.paid_tokens = (prompts - before.prompts, answers - before.answers)
            if any(self.paid_tokens):
                hours = (time.monotonic() - started + IDLE_SECONDS) / 3600 if self.priced.probe else 0.0
                self.paid_usd = self.priced.cost.paid_usd(*self.paid_tokens, hours)
                account.pay(id, sum(self.paid_tokens), self.paid_usd, f"{run.source} -> {run.out}")
                paid = PaidTokens(prompts=prompts, answers=answers)
                self.store.write(_PAID, self.dataset, paid, inputs="", model=run.id)
            else:
                account.release(id)
