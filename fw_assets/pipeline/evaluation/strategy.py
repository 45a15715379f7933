"""How one model is asked: request by request at its address, or in one batch job for all rows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fw_assets.classification.plan.plan import EvaluationPart, Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Inference
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.evaluation.batch import ask_in_batch
from fw_assets.pipeline.evaluation.online import Asked, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.batches import Batches


@dataclass(frozen=True)
class InferenceStrategy:
    """One model and the way to its answers.

    Attributes:
        model: its full name.
        address: where it answers requests.
        poll: how often a batch job's state is looked at, in seconds.
    """

    client: Fireworks
    plan: Plan
    model: str
    address: str
    strategy: Inference
    poll: float

    @property
    def in_batch(self) -> bool:
        """Whether all rows are asked in one job."""
        return self.strategy == "batch"

    async def __call__(
        self, prompt: Prompt, rows: Batches | pl.DataFrame, answers: ResponseCache, *, part: EvaluationPart, what: str
    ) -> Asked:
        """The model's answers to `rows` (a SPLIT frame); those that `answers` has are not asked for again."""
        if not self.in_batch:
            return await ask(self.client, self.address, prompt, rows, answers, what=what)
        job = self.plan.batch_id(self.model, part)
        return await ask_in_batch(self.client, self.model, prompt, rows, answers, job=job, poll=self.poll, what=what)
