"""The plan: the value that a person approves, identified by the digest of all that an approval covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fw_assets.classification.arm import Arm, arm_name, arm_of, without_arm
from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.resource_ids import batch_id, dataset_id, job_id
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.catalogue.warm_start import WarmStart
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.label_thresholds import DEFAULT_RULE, ThresholdRule
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.long_rows import LongRows
from fw_assets.classification.plan.self_approval import approves_itself
from fw_assets.classification.session import REFERENCES, Mitigation, Session
from fw_assets.classification.values import Frozen, digest

Part = Literal["train", "sweep", "validation"]
EvaluationPart = Literal["validation", "out-of-scope", "test", "unconstrained", "null control"]

IdRules = Literal["dataset's name", "content"]
_WITHOUT_EFFECT = {*REFERENCES, "instruction", "auto_approve_up_to_usd"}
"""Session fields on which neither outcome nor price depends; the digest covers the data, not its location."""


class MitigationOption(Frozen):
    """A mitigation with the number of training rows after it and the cost of the workflow with it."""

    name: Mitigation
    rows: int
    note: str
    estimate: Estimate


class PlannedResource(Frozen):
    """A resource that the workflow will create on the platform, under an id derived from its content."""

    kind: Literal["dataset", "fine-tuning job", "deployment", "batch inference job"]
    id: str
    purpose: str
    one_of: str | None = None
    """Of all resources with the same text here, at most one is created."""


class Plan(Frozen):
    """Everything that is known before anything is paid for.

    Attributes:
        understood: session fields that the instruction set, as `field: value`; unused: clauses that set none.
        rows: rows of each part: train, validation, test, excluded.
        detectable_difference: the smallest difference in accuracy between base and tuned model, as a share, that
            so many distinct test rows detect (80 % power at the 5 % level, with the discordance that is assumed as
            long as none is known); None where they can never show any.
        sweep_rows: rows that the sweep samples, before any mitigation: all of them when there is only one cell,
            because its job then is the full-data job.
        sweep_waves, full_waves: jobs in each wave when every finalist is tuned.
        estimate, created: for the session's own mitigation.
        id_rules: what the ids of uploaded rows are made from. Plans that were stored before ids came from the content
            alone lack the field, and keep the ids that they were approved with.
        warm_start: the adapter that the fine-tuning jobs continue.
        examples: of few-shot arms; None without such arms.
        left_out: arms of models that do not answer them.
        deciding: ids of rows on deployments that exist, which answered a decision when the plan was made.
        shortlists: of rows whose decisions take fewer options than there are labels; None without such rows.
        long_rows: rows that are longer than a model's context, for each model that has such.
        inputs: digest of what the plan was made from.
    """

    dataset: str
    session: Session
    understood: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    inspected: InspectedDataset
    label_set: LabelSet
    prompt_digest: str
    rows: dict[str, int]
    detectable_difference: float | None
    models: tuple[PlannedModel, ...]
    sweep_rows: int
    sweep_waves: tuple[int, ...]
    full_waves: tuple[int, ...]
    estimate: Estimate
    mitigations: tuple[MitigationOption, ...]
    warnings: tuple[str, ...] = ()
    created: tuple[PlannedResource, ...] = ()
    on_approval: tuple[str, ...] = ()
    on_rejection: tuple[str, ...] = ()
    id_rules: IdRules = "dataset's name"
    warm_start: WarmStart | None = None
    examples: ExampleSource | None = None
    long_rows: tuple[LongRows, ...] = ()
    left_out: tuple[LeftOutArm, ...] = ()
    deciding: tuple[str, ...] = ()
    shortlists: ShortlistSource | None = None
    inputs: str = ""

    @property
    def digest(self) -> str:
        """12 hex digits over everything that changes the outcome or the price, and nothing else."""
        return digest(self.binding())

    def binding(self) -> dict[str, Any]:
        """All that an approval covers, as plain data."""
        labels = self.label_set
        return {
            "dataset": self.dataset,
            "session": self.session.digested(_WITHOUT_EFFECT),
            "data": self.inspected.digest,
            "labels": list(labels.labels),
            "multi_label": labels.multi_label,
            "aliases": [list(pair) for pair in labels.aliases],
            "extraction": [labels.extraction.rule, labels.extraction.key],
            "rows": self.rows,
            "split": labels.split.model_dump(mode="json"),
            "prompt": self.prompt_digest,
            "models": {model.name: self._model_terms(model) for model in self.models},
            "sweep_rows": self.sweep_rows,
            "estimate": _price_terms(self.estimate),
            **({"examples": self.examples.digest} if self.examples else {}),
            **({"shortlists": _shortlist_terms(self.shortlists)} if self.shortlists else {}),
            **({"out_of_scope": labels.out_of_scope.digest} if labels.out_of_scope else {}),
            **({"warm_start": [self.warm_start.name, self.warm_start.rank]} if self.warm_start else {}),
            "mitigations": {item.name: [item.rows, _price_terms(item.estimate)] for item in self.mitigations},
        }

    def entry_terms(self, model: PlannedModel) -> dict[str, Any]:
        """What the plan rests on of a model's catalogue entry; empty in a plan that does not state it."""
        return model.entry.terms(tuning=self.session.mode == "fine-tune") if model.entry else {}

    def _model_terms(self, model: PlannedModel) -> dict[str, Any]:
        terms: dict[str, Any] = {
            "strategy": [model.strategy, model.tuned_strategy],
            "tunable": model.tunable,
            "cells": [cell.name for cell in model.cells],
        }
        # Left out where there is none, so that a plan of an earlier version keeps its digest.
        terms |= {"entry": self.entry_terms(model)} if model.entry else {}
        return terms | ({"thresholds": self.job_thresholds(model)} if self.job_thresholds(model) else {})

    def holds_under(self, now: Plan) -> bool:
        """Whether the plan made again, as `now`, says what this one says, as far as this one says it."""
        said = {model.name: model.entry for model in self.models}
        models = tuple(m.model_copy(update={"entry": _as_said(m, said)}) for m in now.models)
        return now.model_copy(update={"models": models}).digest == self.digest

    def model(self, slug: str) -> PlannedModel:
        """The planned model with that id.

        Raises:
            KeyError: it is not in the plan.
        """
        for model in self.models:
            if model.slug == slug:
                return model
        raise KeyError(slug)

    def estimate_for(self, mitigation: Mitigation) -> Estimate:
        """The estimate with a mitigation."""
        for option in self.mitigations:
            if option.name == mitigation:
                return option.estimate
        return self.estimate

    def ceiling_usd(self, mitigation: Mitigation | None = None) -> float:
        """The most that an approval allows to be spent: the high figure, or the session's ceiling if that is lower.

        Where a price is unknown the high figure leaves it out, and the session's ceiling holds by itself.
        """
        estimate, limit = self.estimate_for(mitigation or self.session.mitigation), self.session.max_spend_usd
        if limit is None:
            return estimate.high
        return limit if estimate.lower_bound else min(estimate.high, limit)

    def expected_usd(self, slug: str) -> float | None:
        """The expected cost of all stages of one model; None when a price is unknown.

        Of an arm those of its model too, which is the plainer choice where the two are equal.
        """
        lines = [line for line in self.estimate.lines if line.model in (slug, without_arm(slug))]
        costs = [line.usd.expected for line in lines if line.usd is not None]
        return sum(costs) if len(costs) == len(lines) else None

    def decided(self, slug: str) -> str | None:
        """The id of the row in which a model, once it is fine-tuned, is asked for decisions beside its texts.

        None where it is not: the plan of an earlier version holds no money for it.
        """
        row = arm_name(slug, Arm("decision"))
        return row if any(line.key == f"tuned-evaluation/{row}" for line in self.estimate.lines) else None

    @property
    def runs_on_own_machine(self) -> bool:
        """Whether a model computes on the platform's own machine, whose speed is known."""
        return any(model.entry is not None and model.entry.speed is not None for model in self.models)

    @property
    def rejected(self) -> dict[str, int]:
        """Rejected lines and rows by kind of problem; a line with several problems counts once for each kind."""
        return dict(self.inspected.rejected_kinds) | dict(self.label_set.left_out)

    @property
    def rejected_rows(self) -> int:
        """The number of rejected lines and rows."""
        return self.inspected.rejected_rows + sum(count for _, count in self.label_set.left_out)

    @property
    def approves_itself(self) -> bool:
        """Whether the session lets this plan run unattended."""
        limit = self.session.auto_approve_up_to_usd
        return approves_itself(limit, self.estimate.high, self.estimate.lower_bound, self.unused)

    def rows_digest(self, part: Part, mitigation: Mitigation | None = None, share: float = 1.0) -> str:
        """Digest of all that determines a part's uploaded rows (split, prompt, mitigation, sample), before they exist.

        A sweep on all training rows has the digest of the training part. `share` is the share of the training rows
        that one point of a learning curve trains on.
        """
        split = self.label_set.split
        if part == "validation":
            return digest([split.validation_digest, self.prompt_digest, "validation"])
        mitigation = mitigation or self.session.mitigation
        content: list[Any] = [split.train_digest, self.prompt_digest, "train", mitigation, self.session.seed]
        if mitigation in ("rebalance", "drop-rare") and self.id_rules == "content":
            content.append(self.label_set.imbalance.threshold)
        if share < 1:
            return digest([*content, "share", share])
        sampled = part == "sweep" and self.sweep_rows < self.rows["train"]
        return digest([*content, self.sweep_rows] if sampled else content)

    def dataset_id(self, part: Part, mitigation: Mitigation | None = None, share: float = 1.0) -> str:
        """The id of a part's dataset."""
        rows_digest = self.rows_digest(part, mitigation, share)
        if self.id_rules != "content":
            return dataset_id(self.dataset, rows_digest)
        all_rows = part == "sweep" and rows_digest == self.rows_digest("train", mitigation)
        return dataset_id("train" if all_rows else part, rows_digest)

    def job_id(
        self, slug: str, cell: Cell, part: Part, mitigation: Mitigation | None = None, share: float = 1.0
    ) -> str:
        """The id of the fine-tuning job of one cell on a part, and of the model that it produces."""
        rows = [self.rows_digest(part, mitigation, share), self.rows_digest("validation")]
        if weights := self.weights(self.model(slug).name):
            rows.append(weights)
        start = self.warm_start.name if self.warm_start else None
        thresholds = self.job_thresholds(self.model(slug))
        return job_id(self.model(slug).name, cell, digest(rows), self.session.seed, start, thresholds)

    def job_thresholds(self, model: PlannedModel) -> ThresholdRule | None:
        """What a model's fine-tuning jobs say of the thresholds of label sets.

        None where rows have one label, where the platform fits no thresholds, and by default.
        """
        rule, known = self.session.thresholds, model.entry.threshold_rules if model.entry else ()
        return rule if self.label_set.multi_label and rule in known and rule != DEFAULT_RULE else None

    def evaluation_parts(self, *, tuned: bool) -> tuple[EvaluationPart, ...]:
        """The parts that a base or a fine-tuned model answers in its evaluation, in order."""
        parts: list[EvaluationPart] = list(self.scored_parts)
        if self.session.free_rows:
            parts.append("unconstrained")
        if self.session.null_control and not tuned:
            parts.append("null control")
        return tuple(parts)

    @property
    def scored_parts(self) -> tuple[EvaluationPart, ...]:
        """The parts whose answers are kept row by row, the test rows last."""
        return ("validation", "out-of-scope", "test") if self.label_set.out_of_scope else ("validation", "test")

    def batch_id(self, model: str, part: EvaluationPart) -> str:
        """The id of the batch job in which a model, given by the full name of its row, answers the rows of a part."""
        split = self.label_set.split
        rows = split.validation_digest if part == "validation" else split.test_digest
        if part == "out-of-scope" and self.label_set.out_of_scope is not None:
            rows = self.label_set.out_of_scope.digest
        content: list[Any] = [part, rows, self.prompt_digest, *self._asking_terms(model)]
        if part == "unconstrained":
            content += [self.session.free_rows, self.session.seed]
        return batch_id(without_arm(model), content)

    def pilot_id(self, model: str) -> str:
        """The id of the batch job in which a model answers a handful of rows before it is asked all others."""
        split = self.label_set.split
        content = ["pilot", split.validation_digest, split.test_digest, self.prompt_digest, *self._asking_terms(model)]
        return batch_id(without_arm(model), content)

    def weights(self, model: str) -> str:
        """The digest of the weights of a model, given by its full name; empty where no entry tells it."""
        entries = [item.entry for item in self.models if item.asked_name == without_arm(model)]
        return next((entry.weights for entry in entries if entry), "")

    def serves(self, model: str) -> str:
        """What answers where `model` is the full name of a deployment; empty of everything else."""
        entries = [item.entry for item in self.models if item.asked_name == without_arm(model)]
        return next((entry.serves for entry in entries if entry), "")

    def _asking_terms(self, model: str) -> list[Any]:
        """What a row's requests and answers follow from beside the prompt."""
        weights = self.weights(model)
        terms: list[Any] = [["weights", weights]] if weights else []
        arm = arm_of(model)
        if arm is not None:
            terms += [str(arm), self.session.label_descriptions, self.examples.digest if self.examples else None]
        return terms


def _as_said(model: PlannedModel, said: Mapping[str, CatalogueModel | None]) -> CatalogueModel | None:
    """The entry of a model as far as one of the same name in another plan says the same things."""
    before = said.get(model.name, model.entry)
    return model.entry.as_far_as(before) if model.entry and before else None


def _shortlist_terms(source: ShortlistSource) -> list[Any]:
    return [source.digest, {row.model: row.options for row in source.rows}]


def _price_terms(estimate: Estimate) -> dict[str, Any]:
    return {
        line.key: [
            [part.item, part.price.usd, part.quantity.low, part.quantity.expected, part.quantity.high]
            for part in line.parts
        ]
        for line in estimate.lines
    }
