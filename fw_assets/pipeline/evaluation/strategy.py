"""Inference strategy of a model: request by request at its address, or in one batch job for all rows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fw_assets.classification.arm import arm_of, without_arm
from fw_assets.classification.plan.plan import EvaluationPart, Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Inference
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.token_meter import TokenMeter
from fw_assets.pipeline.evaluation.batch import ask_in_batch
from fw_assets.pipeline.evaluation.batch_pilot import ask_pilot
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.planning.shortlists import OptionsOf
from fw_assets.workspace.batches import Batches


@dataclass(frozen=True)
class InferenceStrategy:
    """A model and how it is asked.

    Attributes:
        model: its full name, that of its row where it is asked under an arm.
        address: the `model` field of its requests.
        poll: seconds between two looks at a batch job's state.
        meter: counts the tokens of answers that come one by one.
        options: as for `decide`.
    """

    client: Fireworks
    plan: Plan
    model: str
    address: str
    strategy: Inference
    poll: float
    attempts: Attempts
    meter: TokenMeter
    options: OptionsOf | None = None

    @property
    def asked(self) -> str:
        """The full name of the model."""
        return without_arm(self.model)

    @property
    def in_batch(self) -> bool:
        """Whether all rows are asked in one job."""
        return self.strategy == "batch"

    def cache(self, account: PlanAccount, decoding: object) -> ResponseCache:
        """The answers to what is asked with `decoding`; those to questions with examples, and those of other weights or
        of another model on the same deployment, are apart."""
        arm = arm_of(self.model)
        key = [decoding, "knn"] if arm is not None and arm.kind == "knn" else decoding
        if weights := self.plan.weights(self.model):
            key = [key, "weights", weights]
        if serves := self.plan.serves(self.model):
            key = [key, "serves", serves]
        return ResponseCache(account.store, account.dataset, self.address, key)

    async def ask(
        self, prompt: Prompt, rows: Batches | pl.DataFrame, cache: ResponseCache, *, part: EvaluationPart, what: str
    ) -> InferenceResult:
        """Ask for each of `rows` (of a SPLIT frame) that the cache has no answer to."""
        if not self.in_batch:
            return await ask(
                self.client,
                self.address,
                prompt,
                rows,
                cache,
                what=what,
                count_tokens=self.meter.add,
                options=self.options,
            )
        job = self.plan.batch_id(self.model, part)
        if part in self.plan.scored_parts:  # of the others the same model has answered these before
            await ask_pilot(
                self.client,
                self.asked,
                prompt,
                rows,
                cache,
                pilot=self.plan.pilot_id(self.model),
                job=job,
                poll=self.poll,
                what=what,
                attempts=self.attempts,
            )
        return await ask_in_batch(
            self.client, self.asked, prompt, rows, cache, job=job, poll=self.poll, what=what, attempts=self.attempts
        )
