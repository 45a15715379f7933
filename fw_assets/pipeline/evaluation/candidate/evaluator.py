"""Evaluator: a model with the prompt and the labels that it is asked with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from fw_assets.classification.arm import Arm, arm_name
from fw_assets.classification.arms.contextual_calibration import ContextualCalibration, choose_calibration
from fw_assets.classification.arms.few_shot import example_room
from fw_assets.classification.cost.machine_time import NO_PACE, Pace
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.confidence import ModelConfidence, model_confidence
from fw_assets.classification.metrics.expected_cost import COSTED_COLUMNS, row_costs
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.record_scores import whole_outcomes
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.metrics.threshold_fit import fitted_and_crossed, validation_sets
from fw_assets.classification.plan.plan import EvaluationPart
from fw_assets.classification.prompting.answer_parser import FIELDS
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.errors.answers import Unanswered
from fw_assets.pipeline.evaluation.candidate.stored_predictions import store_and_score, store_unscored
from fw_assets.pipeline.evaluation.online import InferenceResult
from fw_assets.pipeline.evaluation.request_set import Judge
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.robustness import evaluate_null_control, evaluate_order, evaluate_unconstrained
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.planning.examples import FewShotRows
from fw_assets.pipeline.values.asked_prompt import prompt_calibration
from fw_assets.pipeline.values.evaluation import NO_USAGE, OrderControl, UnconstrainedSample, Usage
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import may_be_empty, part_batches
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, PARTS, prediction_batches, prediction_path


@dataclass(frozen=True)
class ScoredParts:
    """Scores of each part, with usage and pace of all of them.

    Attributes:
        latency: of the requests for the last part; None where none was timed.
        calibration: as it is chosen on the validation rows, of a model that was asked both ways.
        thresholds: as they are fitted on the validation rows, of decisions about several labels.
    """

    scores: Mapping[str, Scores]
    usage: Usage
    pace: Pace
    latency: Latency | None
    calibration: ContextualCalibration | None
    thresholds: LabelThresholds | None


@dataclass(frozen=True)
class Evaluator:
    """A model with the prompt and the labels that it is asked with."""

    strategy: InferenceStrategy
    account: PlanAccount
    prompt: Prompt
    labels: LabelSet
    slug: str
    kind: str
    few_shot: FewShotRows | None = None
    examples: int | None = None

    def cache(self) -> ResponseCache:
        """The answers to the session's prompt, whatever the thresholds by which they are judged."""
        return self.strategy.cache(self.account, self.prompt.with_thresholds(None).digest)

    async def best_number(self) -> tuple[int | None, Usage]:
        """The number of examples with which most validation rows are right, the least of several; and the usage of the
        others. None without examples."""
        arm = self.account.plan.model(self.slug).arm
        tried = arm.tried if arm and self.kind == "base" else ()
        if len(tried) < 2:
            return (tried[0] if tried else None), NO_USAGE
        right, usages = dict[int, int](), dict[int, Usage]()
        for number in tried:
            asked = self.with_examples(number)
            what = f"{self.slug} {self.kind}, validation rows with {number} examples"
            result = await asked._ask("validation", self.cache(), what)
            right[number] = result.right()
            usages[number] = result.usage
        best = max(tried, key=lambda number: (right[number], -number))
        return best, sum((usage for number, usage in usages.items() if number != best), start=NO_USAGE)

    def with_examples(self, number: int | None) -> Evaluator:
        """The same with so many examples before each row; None: as it is."""
        if number is None:
            return self
        # A batch job, whose id has the row's name, answers with one number of examples.
        row = arm_name(self.strategy.asked, Arm("knn", number))
        return replace(self, examples=number, strategy=replace(self.strategy, model=row))

    def asked_both_ways(self) -> Evaluator:
        """The same with contextual calibration and without, where the base model's entry says that it has one.

        Two stages are asked by default: the second request of a row follows from the answer to the first, which may be
        another without calibration.
        """
        entry = self.account.plan.model(self.slug).entry
        constrained = self.prompt.mode in ("grammar", "json_schema") and not self.prompt.stages
        if self.kind != "base" or not constrained or entry is None or not entry.calibration:
            return replace(self, prompt=self.prompt.calibrated(None))
        return replace(self, prompt=self.prompt.calibrated("both"))

    def with_calibration(self, chosen: ContextualCalibration | None) -> Evaluator:
        """The same in one of both ways: as it was chosen, or by default."""
        if self.prompt.calibration is None:
            return self
        return replace(self, prompt=self.prompt.calibrated(prompt_calibration(chosen)))

    def with_thresholds(self, thresholds: LabelThresholds | None) -> Evaluator:
        """The same with answers that are judged by these thresholds."""
        return replace(self, prompt=self.prompt.with_thresholds(thresholds))

    def _thresholds(self, validation: InferenceResult) -> tuple[LabelThresholds, dict[str, LabelThresholds]] | None:
        """The thresholds of decisions about several labels, and those by which each validation row is judged."""
        if self.prompt.mode != "decision" or not self.prompt.multi_label:
            return None
        rows = validation_sets(validation.prediction_batches(), self.prompt.labels)
        if rows is None:
            return None
        account = self.account
        return fitted_and_crossed(rows, account.plan.session.thresholds, may_be_empty(account.store, account.dataset))

    def _rows(self, part: EvaluationPart) -> Batches:
        """The rows of a part as they are asked."""
        rows = part_batches(self.account.store, self.account.dataset, part)
        if self.few_shot is None or self.examples is None:
            return rows
        context = entry.context_length if (entry := self.account.plan.model(self.slug).entry) else None
        return replace(rows, change=self.few_shot.before(self.examples, example_room(context, self.prompt)))

    async def _ask(self, part: EvaluationPart, cache: ResponseCache, what: str) -> InferenceResult:
        return await self.strategy.ask(self.prompt, self._rows(part), cache, part=part, what=what)

    async def score_parts(self, parts: Sequence[EvaluationPart]) -> ScoredParts:
        """What the parts' answers are worth; raises `Unanswered` if one is missing.

        Where answers are probabilities of several labels, thresholds are fitted on the validation rows; each of these
        is judged by those of the others.

        Where both ways of calibration were asked for, the scores are those of the one that is chosen on the validation
        rows, which come first.
        """
        store, dataset, cache = self.account.store, self.account.dataset, self.cache()
        scores: dict[str, Scores] = {}
        usage, pace = NO_USAGE, NO_PACE
        reason, times, unanswered, calibration = None, None, 0, None
        thresholds: LabelThresholds | None = None
        for part in parts:
            result = await self._ask(part, cache, f"{self.slug} {self.kind}, {part} rows")
            if part == "validation" and self.prompt.calibration == "both" and result.requests.asked_both_ways:
                rows = sum(batch.height for batch in result.prediction_batches())
                calibration = choose_calibration(rows, result.right(), result.right(uncalibrated=True))
            judge: Judge | None = None
            if part == "validation" and (fitted := self._thresholds(result)):
                thresholds, crossed = fitted
                judge = crossed.get
            elif thresholds is not None:
                judge = _always(thresholds)
            predictions = result.prediction_batches(
                uncalibrated=calibration is not None and not calibration.used, thresholds=judge
            )
            path = prediction_path(dataset, self.slug, self.kind, part)
            if part == OUT_OF_SCOPE:
                unanswered += store_unscored(store, path, predictions)
            else:
                scores[part] = store_and_score(store, path, predictions, self.labels.labels, self.labels.multi_label)
                unanswered += scores[part].rows - scores[part].scored
            usage += result.usage
            pace += result.pace
            reason, times = reason or result.requests.error, result.requests.latency
        if unanswered:
            # Nothing is paid yet: the attempt that gets the last answer settles all of them.
            raise Unanswered(self.strategy.model, unanswered, reason or "")
        return ScoredParts(scores, usage, pace, times, calibration, thresholds)

    async def robustness(self) -> tuple[UnconstrainedSample | None, Comparison | None, OrderControl | None, Usage]:
        """The unconstrained sample, the null control of a base model, the order control, and the usage of all."""
        test = self._rows("test")
        what = f"{self.slug} {self.kind}"
        predictions = self._predictions("test", (*COMPARED_COLUMNS, "lenient_outcome"))
        unconstrained, usage = await evaluate_unconstrained(
            self.strategy, self.account, self.prompt, self.labels, test, predictions, what=what
        )
        order, order_usage = await evaluate_order(
            self.strategy, self.account, self.prompt, test, predictions, what=what
        )
        usage += order_usage
        if self.kind != "base":
            return unconstrained, None, order, usage
        null_control, control_usage = await evaluate_null_control(
            self.strategy, self.account, self.prompt, self.labels, test, predictions, what=what
        )
        return unconstrained, null_control, order, usage + control_usage

    def confidence(self) -> ModelConfidence | None:
        """The confidence calibrated on the validation rows and judged on the test rows."""
        validation, test = (self._judged_answers(part) for part in PARTS)
        session = self.account.plan.session
        costs = None
        if session.costs is not None:
            of_validation, of_test = (
                row_costs(self._predictions(part, COSTED_COLUMNS), self.labels.labels, session.costs) for part in PARTS
            )
            costs = (of_validation, of_test)
        return model_confidence(validation, test, session.wanted_precision, costs)

    def _judged_answers(self, part: EvaluationPart) -> Iterable[pl.DataFrame]:
        """The outcome and the confidence of each answer, of an object that of all its fields together."""
        if not self.prompt.fields:
            return self._predictions(part, CONFIDENCE_COLUMNS)
        return whole_outcomes(self._predictions(part, (*CONFIDENCE_COLUMNS, FIELDS)))

    def _predictions(self, part: EvaluationPart, columns: Sequence[str]) -> Batches:
        return prediction_batches(self.account.store, self.account.dataset, self.slug, self.kind, part, columns)


def _always(thresholds: LabelThresholds) -> Judge:
    return lambda id: thresholds
