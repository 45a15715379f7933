"""The plan as a value: what a person approves, complete and binding through its digest."""

from __future__ import annotations

from typing import Any, Literal

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.resource_ids import batch_id, dataset_id, deployment_id, job_id
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.self_approval import approves_itself
from fw_assets.classification.session import Mitigation, Session
from fw_assets.classification.values import Frozen, digest

Part = Literal["train", "sweep", "validation"]
AskedPart = Literal["validation", "test", "unconstrained", "null control"]

_WITHOUT_EFFECT = frozenset({"dataset", "eval_dataset", "instruction", "auto_approve_up_to_usd"})
"""Session fields that neither outcome nor price depends on; the digest has the data, not its place."""


class MitigationOption(Frozen):
    """One answer to an imbalance: the training rows it leaves and what the workflow then costs."""

    name: Mitigation
    rows: int
    note: str
    estimate: Estimate


class Created(Frozen):
    """Something that the workflow will create on the platform, under a name made from its content."""

    kind: Literal["dataset", "fine-tuning job", "deployment", "batch inference job"]
    id: str
    purpose: str
    one_of: str | None = None
    """Of the entries with the same text here, one is created at most."""


class Plan(Frozen):
    """Everything that is known before anything is paid for.

    `rows` are the rows of each part: train, validation, test, excluded. `detectable_difference` is the
    smallest difference in accuracy between base and tuned model, as a share, that so many test rows tell
    from chance (80 % power at the 5 % level). `sweep_waves` and `full_waves` say how many jobs each wave
    starts when every finalist is tuned. `sweep_rows` are the rows that the sweep samples, before any
    mitigation: all of them when there is one cell only, since its job then is the full-data job. `created`
    holds for the session's own mitigation.
    """

    dataset: str
    session: Session
    understood: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    inspected: InspectedDataset
    label_set: LabelSet
    prompt_digest: str
    rows: dict[str, int]
    detectable_difference: float
    models: tuple[PlannedModel, ...]
    sweep_rows: int
    sweep_waves: tuple[int, ...]
    full_waves: tuple[int, ...]
    estimate: Estimate
    mitigations: tuple[MitigationOption, ...]
    warnings: tuple[str, ...] = ()
    created: tuple[Created, ...] = ()
    on_approval: tuple[str, ...] = ()
    on_rejection: tuple[str, ...] = ()
    inputs: str = ""

    @property
    def digest(self) -> str:
        """12 hex digits over everything that changes the outcome or the price, and over nothing else."""
        return digest(self.binding())

    def binding(self) -> dict[str, Any]:
        """What an approval binds, as plain data."""
        labels = self.label_set
        return {
            "dataset": self.dataset,
            "session": self.session.model_dump(mode="json", exclude=set(_WITHOUT_EFFECT)),
            "data": self.inspected.digest,
            "labels": list(labels.labels),
            "multi_label": labels.multi_label,
            "aliases": [list(pair) for pair in labels.aliases],
            "extraction": [labels.extraction.rule, labels.extraction.key],
            "rows": self.rows,
            "split": labels.split.model_dump(mode="json"),
            "prompt": self.prompt_digest,
            "models": {model.name: _tuning(model) for model in self.models},
            "sweep_rows": self.sweep_rows,
            "estimate": _priced(self.estimate),
            "mitigations": {item.name: [item.rows, _priced(item.estimate)] for item in self.mitigations},
        }

    def model(self, slug: str) -> PlannedModel:
        """The planned model of that id.

        Raises:
            KeyError: it is not in the plan.
        """
        for model in self.models:
            if model.slug == slug:
                return model
        raise KeyError(slug)

    def estimate_for(self, mitigation: Mitigation) -> Estimate:
        """The estimate under a mitigation that is chosen when approving."""
        for option in self.mitigations:
            if option.name == mitigation:
                return option.estimate
        return self.estimate

    def ceiling_usd(self, mitigation: Mitigation | None = None) -> float:
        """What an approval allows to be spent: the high figure, or the session's own ceiling below it."""
        high = self.estimate_for(mitigation or self.session.mitigation).high
        limit = self.session.max_spend_usd
        return high if limit is None else min(high, limit)

    def price_of(self, slug: str) -> float | None:
        """US dollars that choosing this model makes the workflow cost, to break ties; null when unknown."""
        lines = [line for line in self.estimate.lines if line.model == slug]
        known = [line.usd.expected for line in lines if line.usd is not None]
        return sum(known) if len(known) == len(lines) else None

    @property
    def rejected(self) -> dict[str, int]:
        """Rows and lines that could not be used, by kind; a line with several faults counts once for each kind."""
        return dict(self.inspected.rejected_kinds) | dict(self.label_set.left_out)

    @property
    def rejected_rows(self) -> int:
        """How many of them there are."""
        return len(self.inspected.rejected) + sum(count for _, count in self.label_set.left_out)

    @property
    def approves_itself(self) -> bool:
        """Whether the session lets this plan run unattended."""
        limit = self.session.auto_approve_up_to_usd
        return approves_itself(limit, self.estimate.high, self.estimate.lower_bound, self.unused)

    def rows_digest(self, part: Part, mitigation: Mitigation | None = None, share: float = 1.0) -> str:
        """Digest of what determines a part's uploaded rows: split, prompt, mitigation and sample.

        `share` of the training part is what a learning curve trains on.

        It is known before the rows are written. A sweep that samples nothing has the training part's digest.
        """
        split = self.label_set.split
        if part == "validation":
            return digest([split.validation_digest, self.prompt_digest, "validation"])
        chosen = mitigation or self.session.mitigation
        content = [split.train_digest, self.prompt_digest, "train", chosen, self.session.seed]
        if share < 1:
            return digest([*content, "share", share])
        sampled = part == "sweep" and self.sweep_rows < self.rows["train"]
        return digest([*content, self.sweep_rows] if sampled else content)

    def dataset_id(self, part: Part, mitigation: Mitigation | None = None, share: float = 1.0) -> str:
        """The platform id of a part's dataset."""
        return dataset_id(self.dataset, self.rows_digest(part, mitigation, share))

    def job_id(
        self, slug: str, cell: Cell, part: Part, mitigation: Mitigation | None = None, share: float = 1.0
    ) -> str:
        """The platform id of the fine-tuning job, and of the model it makes, of one cell on a part."""
        rows = [self.rows_digest(part, mitigation, share), self.rows_digest("validation")]
        return job_id(self.model(slug).name, cell, digest(rows), self.session.seed)

    def deployment_id(self, model: str) -> str:
        """The platform id of the deployment that serves a model, by the model's full name."""
        return deployment_id(model)

    def asked_parts(self, *, tuned: bool) -> tuple[AskedPart, ...]:
        """What a base or a fine-tuned model is asked in its evaluation, in order."""
        parts: list[AskedPart] = ["validation", "test"]
        if self.session.free_rows:
            parts.append("unconstrained")
        if self.session.null_control and not tuned:
            parts.append("null control")
        return tuple(parts)

    def batch_id(self, model: str, part: AskedPart) -> str:
        """The platform id of the batch job in which a model, by its full name, answers the rows of a part."""
        split = self.label_set.split
        rows = split.validation_digest if part == "validation" else split.test_digest
        content: list[Any] = [part, rows, self.prompt_digest]
        if part == "unconstrained":
            content += [self.session.free_rows, self.session.seed]
        return batch_id(model, content)


def _tuning(model: PlannedModel) -> dict[str, Any]:
    return {
        "strategy": [model.strategy, model.tuned_strategy],
        "tunable": model.tunable,
        "cells": [cell.name for cell in model.cells],
    }


def _priced(estimate: Estimate) -> dict[str, Any]:
    return {
        line.key: [
            [part.item, part.price.usd, part.quantity.low, part.quantity.expected, part.quantity.high]
            for part in line.parts
        ]
        for line in estimate.lines
    }
