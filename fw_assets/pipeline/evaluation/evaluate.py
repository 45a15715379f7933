"""Evaluation of one model on the validation and test rows: the same requests for base and fine-tuned models."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from fw_assets.classification.arm import Arm, arm_name, without_arm
from fw_assets.classification.arms.contextual_calibration import ContextualCalibration, choose_calibration
from fw_assets.classification.arms.few_shot import example_room
from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.cost.machine_time import NO_PACE, Pace
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.confidence import ModelConfidence, model_confidence
from fw_assets.classification.metrics.expected_cost import COSTED_COLUMNS, row_costs
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.record_scores import whole_outcomes
from fw_assets.classification.metrics.scores import SCORED_COLUMNS, Scores, Tally
from fw_assets.classification.metrics.threshold_fit import fitted_and_crossed, validation_sets
from fw_assets.classification.plan.plan import EvaluationPart
from fw_assets.classification.prompting.answer_parser import FIELDS
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.request_form import RequestForm
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.classification.session import Inference
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.values import digest
from fw_assets.fireworks import Accelerators, Choice, Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.budget.quote_checks import check_hour
from fw_assets.pipeline.budget.token_meter import TokenMeter
from fw_assets.pipeline.errors import (
    AttemptFailed,
    DecisionsRefused,
    DeploymentAboveCeiling,
    DeploymentAboveHeld,
    NotServable,
    ThinksBeforeAnswering,
    Unanswered,
    first_error,
)
from fw_assets.pipeline.evaluation.endpoint import IDLE_SECONDS, Endpoint, ensure_endpoint
from fw_assets.pipeline.evaluation.online import InferenceResult
from fw_assets.pipeline.evaluation.request_set import Judge
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.robustness import evaluate_null_control, evaluate_order, evaluate_unconstrained
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.evaluation.thinking import ask_as_accepted
from fw_assets.pipeline.planning.decision_check import probe_question
from fw_assets.pipeline.planning.examples import FewShotRows, few_shot_rows
from fw_assets.pipeline.planning.shortlists import stored_options
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.pipeline.values.asked_prompt import prompt_calibration
from fw_assets.pipeline.values.evaluation import NO_USAGE, OrderControl, UnconstrainedSample, Usage
from fw_assets.workspace.batches import Batches, write_batches
from fw_assets.workspace.dataset_rows import part_batches, split_rows
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, PARTS, prediction_batches, prediction_path
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class Evaluation:
    """One model on the parts that it was asked for.

    Attributes:
        form: how an endpoint's server was asked.
        examples: how many each row had before it; None without.
        tried: the part of the usage with other numbers of examples.
        calibration: of a model that publishes one, what the validation rows say of it.
        thresholds: of several labels, where it told a probability for each.
        latency: of the requests for the last part; None where none was timed.
    """

    endpoint: Endpoint
    scores: Mapping[str, Scores]
    usage: Usage
    confidence: ModelConfidence | None = None
    unconstrained: UnconstrainedSample | None = None
    null_control: Comparison | None = None
    order: OrderControl | None = None
    form: RequestForm | None = None
    pace: Pace = NO_PACE
    examples: int | None = None
    tried: Usage = NO_USAGE
    latency: Latency | None = None
    calibration: ContextualCalibration | None = None
    thresholds: LabelThresholds | None = None

    @property
    def validation(self) -> Scores:
        """The scores on the validation rows."""
        return self.scores["validation"]

    @property
    def test(self) -> Scores:
        """The scores on the test rows."""
        return self.scores["test"]


async def evaluate(
    client: Fireworks,
    account: PlanAccount,
    prices: PriceBook,
    model: str,
    *,
    strategy: Inference,
    slug: str,
    kind: str,
    stage: str,
    poll: float,
    parts: Sequence[EvaluationPart] | None = None,
    extras: bool = True,
    share: float = 1.0,
) -> Evaluation:
    """Ask `model` for the validation and test rows, store its predictions, and score them.

    Rows that belong to no label are asked too, and their predictions kept apart from those that are scored.

    Args:
        model: its full name, that of its row where it is asked under an arm.
        prices: of now, by which the hours of a deployment are paid.
        strategy: serverless, in batch jobs, or on a deployment of its own that scales to zero.
        kind: `base` or `tuned`; with `slug`, the predictions' name.
        stage: the estimate's stage that pays.
        poll: seconds between two looks at a batch job's state.
        extras: also calibrate the confidence, and ask the session's unconstrained rows and null control.
        parts: left out, all of the plan.
        share: of the stage's price that this evaluation may cost.

    Raises:
        Unanswered: requests failed for good.
        AttemptFailed: its deployment or its batch job failed.
        ThinksBeforeAnswering: it answers with its reasoning and no label.
        CeilingReached: it could cost more than was approved.
        DecisionsRefused: its deployment answers none.
        DeploymentAboveHeld, DeploymentAboveCeiling: so would its deployment, by the platform's quote; nothing was
            deployed.
    """
    store, dataset = account.store, account.dataset
    planned = store.require("prompt", dataset, Prompt)
    payment = open_payment(account, f"{stage}/{slug}", f"{kind}-{digest([model, planned.digest])}", share)
    first_batch = next(iter(Batches(split_rows(store, dataset), pl.col("split").is_in(PARTS))))
    attempts = Attempts.of(account)
    base = account.plan.model(slug)
    examples = account.plan.examples if base.arm and base.arm.kind == "knn" else None
    few_shot = few_shot_rows(store, dataset, examples) if examples else None
    route = route_endpoint(client, slug, base.endpoint) if base.endpoint else None

    def afford(deployment: str, quote: Accelerators) -> None:
        usd = hour_usd(prices, quote, base, tuned=kind == "tuned")
        check_hour(payment, usd, deployment, quote.accelerators, base.asked_name, tuned=kind == "tuned")

    prefix = "inference" if kind == "base" or strategy == "batch" else "tuned-inference"
    items = (f"{prefix}-input", f"{prefix}-output")
    # One for all requests, however often the model is asked in another way.
    meter = TokenMeter(payment, items)

    async def ask(prompt: Prompt) -> Evaluation:
        probe = request(prompt, first_batch["messages"][0])
        serverless = strategy != "deployment"
        try:
            endpoint = base.endpoint and Endpoint(base.endpoint.address)
            endpoint = endpoint or await ensure_endpoint(
                client,
                without_arm(model),
                base=base.origin or base.asked_name,
                adopt=base.deployment if kind == "base" else "",
                serverless=serverless,
                probe=probe,
                attempts=attempts,
                afford=afford,
            )
        except (AttemptFailed, DeploymentAboveCeiling, DeploymentAboveHeld, NotServable) as failure:
            payment.give_back(failure, IDLE_SECONDS)
            raise
        paid = payment.at_hour(hour_usd(prices, endpoint.accelerators, base, tuned=kind == "tuned"))
        # The wait until a deployment is up is not charged for.
        started = time.monotonic()
        evaluator = _Evaluator(
            InferenceStrategy(
                client,
                account.plan,
                model,
                endpoint.address,
                strategy,
                poll,
                attempts,
                meter,
                stored_options(store, dataset, prompt),
            ),
            account,
            prompt.with_thresholds(None),
            store.require("label_set", dataset, LabelSet),
            slug,
            kind,
            few_shot=few_shot,
        ).asked_both_ways()
        unconstrained, null_control, order = None, None, None

        def hours() -> float:
            if endpoint.deployment is None:
                return 0.0
            return paid.hours(time.monotonic() - started, endpoint.idle_seconds)

        try:
            if prompt.mode == "decision" and endpoint.deployment:
                await _require_decisions(client, model, endpoint.address, prompt)
            async with paid.limit_hours(endpoint.idle_seconds if endpoint.deployment else None):
                number, tried = await evaluator.best_number()
                evaluator = evaluator.with_examples(number)
                found = await evaluator.score_parts(parts or account.plan.scored_parts)
                scores, usage, pace, times, calibration, thresholds = found
                evaluator = evaluator.with_calibration(calibration).with_thresholds(thresholds)
                usage += tried
                if extras:
                    unconstrained, null_control, order, extra_usage = await evaluator.robustness()
                    usage += extra_usage
        except Exception as failure:
            cause = first_error(failure)
            if isinstance(cause, CeilingReached | ThinksBeforeAnswering | DecisionsRefused):
                used = dict(zip(items, map(float, evaluator.cache().tokens()), strict=True))
                if isinstance(cause, CeilingReached):
                    paid.settle_at_ceiling(sum(used.values()), meter.usd, hours())
                else:
                    paid.settle_stopped(used, hours())
            raise
        tokens = zip(items, (usage.prompt_tokens, usage.completion_tokens), strict=True)
        paid.settle({**dict(tokens), "deployment-hour": hours()}, "tokens and hours")
        confidence = evaluator.confidence() if extras else None
        form = route.form if route else None
        return Evaluation(
            endpoint,
            scores,
            usage,
            confidence,
            unconstrained,
            null_control,
            order,
            form,
            pace,
            evaluator.examples,
            tried,
            times,
            calibration,
            thresholds,
        )

    return await ask_as_accepted(store, dataset, slug, kind, ask)


def _probe(prompt: Prompt) -> Choice | None:
    return probe_question(prompt, prompt.shortlist.options) if prompt.shortlist else probe_question(prompt)


async def _require_decisions(client: Fireworks, model: str, address: str, prompt: Prompt) -> None:
    """Ask what no plan could, since the deployment was not up: one small request that is counted nowhere."""
    refusal = await client.decision_refusal(address, _probe(prompt))
    if refusal is not None:
        raise DecisionsRefused(without_arm(model), refusal)


@dataclass(frozen=True)
class _Evaluator:
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

    def with_examples(self, number: int | None) -> _Evaluator:
        """The same with so many examples before each row; None: as it is."""
        if number is None:
            return self
        # A batch job, whose id has the row's name, answers with one number of examples.
        row = arm_name(self.strategy.asked, Arm("knn", number))
        return replace(self, examples=number, strategy=replace(self.strategy, model=row))

    def asked_both_ways(self) -> _Evaluator:
        """The same with contextual calibration and without, where the base model's entry says that it has one.

        Two stages are asked by default: the second request of a row follows from the answer to the first, which may be
        another without calibration.
        """
        entry = self.account.plan.model(self.slug).entry
        constrained = self.prompt.mode in ("grammar", "json_schema") and not self.prompt.stages
        if self.kind != "base" or not constrained or entry is None or not entry.calibration:
            return replace(self, prompt=self.prompt.calibrated(None))
        return replace(self, prompt=self.prompt.calibrated("both"))

    def with_calibration(self, chosen: ContextualCalibration | None) -> _Evaluator:
        """The same in one of both ways: as it was chosen, or by default."""
        if self.prompt.calibration is None:
            return self
        return replace(self, prompt=self.prompt.calibrated(prompt_calibration(chosen)))

    def with_thresholds(self, thresholds: LabelThresholds | None) -> _Evaluator:
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

    async def score_parts(
        self, parts: Sequence[EvaluationPart]
    ) -> tuple[dict[str, Scores], Usage, Pace, Latency | None, ContextualCalibration | None, LabelThresholds | None]:
        """Scores of each part, usage and pace of all, latency on the last; raises `Unanswered` if one is missing.

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
        return scores, usage, pace, times, calibration, thresholds

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


def may_be_empty(store: Workspace, dataset: str) -> bool:
    """Whether a row may have no label: some training rows have none."""
    empty = split_rows(store, dataset, "train").filter(pl.col("labels").list.len() == 0)
    return bool(empty.head(1).collect().height)


def store_unscored(store: Workspace, path: Sequence[str], predictions: Iterable[pl.DataFrame]) -> int:
    """Store predictions batch by batch; how many have no answer."""
    failed = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal failed
        for batch in predictions:
            failed += int((batch["outcome"] == "failed").sum())
            yield batch

    write_batches(store, counted(), *path)
    return failed


def store_and_score(
    store: Workspace,
    path: Sequence[str],
    predictions: Iterable[pl.DataFrame],
    labels: Sequence[str],
    multi_label: bool,
) -> Scores:
    """Store predictions batch by batch, and score them on the way.

    Args:
        path: of the predictions in the workspace (`prediction_path`).
    """
    tally = Tally(labels, multi_label)

    def counted() -> Iterator[pl.DataFrame]:
        for batch in predictions:
            tally.add(batch.select(SCORED_COLUMNS))
            yield batch

    write_batches(store, counted(), *path)
    return tally.scores()
