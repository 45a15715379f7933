"""From what the workflow measured and decided to a `Report`. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fw_assets.classification.cost.ledger import CostRow
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.planner import Plan
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.deploy_gate import GateDecision
from fw_assets.classification.selection.selection import Finalists, Winner
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import Interval
from fw_assets.report.assembly.deployment import Deployed, deployment_result
from fw_assets.report.assembly.model_results import (
    bill,
    comparison_result,
    data_facts,
    model_result,
    sentence,
    validation,
)
from fw_assets.report.assembly.snippets import make_snippets
from fw_assets.report.formatting import clip, short
from fw_assets.report.schema import report as m
from fw_assets.report.schema.confidence import (
    BaselineResult,
    ConfidenceResult,
    CostPoint,
    FreeResult,
    LearningPoint,
    NullControl,
)
from fw_assets.report.sections.answer import answer

EXAMPLE = json.dumps([{"role": "user", "content": "The text to label"}])


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one model beside its scores."""

    confidence: ConfidenceResult | None = None
    free: FreeResult | None = None
    null_control: NullControl | None = None


@dataclass(frozen=True, kw_only=True)
class CandidateResult:
    """What is known of one base model and its fine-tuned descendant.

    Scores are on the test rows, the intervals on the validation rows. `note` says why something is missing.
    `flips` come from `flips.changed_rows`.
    """

    model: str
    base_scores: Scores | None
    tuned_model: str | None = None
    tuned_scores: Scores | None = None
    comparison: Comparison | None = None
    base_validation: Interval | None = None
    tuned_validation: Interval | None = None
    flips: Sequence[m.Flip] = ()
    sweep: Sequence[m.SweepCell] = ()
    hyperparameters: Mapping[str, float | int | None] = field(default_factory=dict)
    note: str = ""
    base_evidence: Evidence = field(default_factory=Evidence)
    tuned_evidence: Evidence = field(default_factory=Evidence)
    learning: Sequence[LearningPoint] = ()


def build_report(
    *,
    plan: Plan,
    prompt: Prompt | None,
    candidates: Sequence[CandidateResult],
    finalists: Finalists | None,
    winner: Winner | None,
    gate: GateDecision | None,
    deployment: Deployed | None,
    cost_rows: Sequence[CostRow],
    run: m.Run,
    versions: Mapping[str, str],
    mitigation: Mitigation | None = None,
    created: Sequence[str] = (),
    incomplete: Sequence[str] = (),
    example: str | None = None,
    before: Sequence[str] = (),
    baselines: Sequence[BaselineResult] = (),
    costs: Sequence[CostPoint] = (),
    batch_only: bool = False,
) -> m.Report:
    """The report of one dataset's run.

    Args:
        cost_rows: of `ledger.summarise` with the plan's estimate for `mitigation`, which the approval chose.
        created: full names of what the run created on the platform.
        incomplete: reasons why the run is not finished, such as a ceiling that was reached.
        example: the messages (JSON array) of a row that the snippets show; a plain sentence otherwise.
        before: shell lines that must run before the snippets, such as exporting the key.
        baselines: what needs no language model, on the same rows.
        costs: cost against accuracy.
        batch_only: without a deployment, the winner's base model answers in batch jobs only.
    """
    labels = plan.label_set
    unfinished = [*incomplete, *_unanswered(candidates)]
    if gate is not None and gate.decision == "incomplete" and not unfinished:
        unfinished.append(sentence(gate.why))
    won = _winner(winner, candidates)
    made = m.Report(
        dataset=plan.dataset,
        plan_digest=plan.digest,
        status="incomplete" if unfinished else "benchmark" if plan.session.mode == "benchmark" else "complete",
        incomplete=tuple(unfinished),
        rows=m.PartRows(**{part: plan.rows.get(part, 0) for part in m.PartRows.model_fields}),
        labels=labels.labels,
        asked=plan.session,
        data=data_facts(plan.inspected, labels),
        prompt=prompt and m.Prompted(system=prompt.system, mode=prompt.mode, max_tokens=prompt.max_tokens),
        candidates=tuple(_candidate(item, plan, finalists) for item in candidates),
        baselines=tuple(baselines),
        costs=tuple(costs),
        finalists=_ranking(finalists),
        winner=won,
        deployment=deployment_result(gate, deployment, plan, unfinished=bool(unfinished), batch_only=batch_only),
        cost=bill(plan.estimate_for(mitigation or plan.session.mitigation), cost_rows),
        snippets=_snippets(prompt, deployment, run, example, before, _confidence(won, candidates)),
        run=run.model_copy(update={"mitigation": mitigation or plan.session.mitigation}),
        created=tuple(created),
        versions=dict(versions),
        seeds={"split": labels.split.seed, "training": plan.session.seed}
        | ({"decoding": prompt.seed} if prompt else {}),
        digests={
            "plan": plan.digest,
            "data": plan.inspected.digest,
            "label set": labels.digest,
            "prompt": plan.prompt_digest,
            "training rows": labels.split.train_digest,
            "validation rows": labels.split.validation_digest,
            "test rows": labels.split.test_digest,
        },
        detectable_difference=plan.detectable_difference,
    )
    return made.model_copy(update={"answer": answer(made)})


def _candidate(item: CandidateResult, plan: Plan, finalists: Finalists | None) -> m.Candidate:
    strategies = {planned.name: planned.strategy for planned in plan.models}
    compared = item.comparison if item.tuned_scores is not None else None
    chosen = finalists is not None and any(same_model(item.model, name) for name in finalists.chosen)
    return m.Candidate(
        model=item.model,
        base=_model(item.model, item.base_scores, item.base_evidence),
        tuned=_model(item.tuned_model or item.model, item.tuned_scores, item.tuned_evidence),
        comparison=comparison_result(compared, item.flips) if compared else None,
        finalist=chosen,
        note=item.note,
        strategy=strategies.get(item.model),
        base_validation=validation(item.base_validation),
        tuned_validation=validation(item.tuned_validation),
        hyperparameters=dict(item.hyperparameters),
        sweep=tuple(item.sweep),
        learning=tuple(item.learning),
    )


def _model(name: str, scores: Scores | None, evidence: Evidence) -> m.ModelResult | None:
    if scores is None:
        return None
    beside = {
        "confidence": evidence.confidence,
        "free": evidence.free,
        "null_control": evidence.null_control,
    }
    return model_result(name, scores).model_copy(update=beside)


def _confidence(won: m.WinnerResult | None, candidates: Sequence[CandidateResult]) -> ConfidenceResult | None:
    """The winner's."""
    for item in candidates:
        if won is not None and item.model == won.base_model:
            return (item.tuned_evidence if won.kind == "tuned" else item.base_evidence).confidence
    return None


def _ranking(finalists: Finalists | None) -> tuple[m.Ranked, ...]:
    if finalists is None:
        return ()
    return tuple(
        m.Ranked(
            model=place.model,
            accuracy=place.validation.value,
            interval=(place.validation.low, place.validation.high),
            chosen=place.model in finalists.chosen,
            why=sentence(place.why),
        )
        for place in finalists.ranked
    )


def _winner(winner: Winner | None, candidates: Sequence[CandidateResult]) -> m.WinnerResult | None:
    if winner is None:
        return None
    for item in candidates:
        tuned = item.tuned_model if winner.kind == "tuned" else None
        if same_model(winner.model, tuned or item.model):
            return m.WinnerResult(
                model=tuned or item.model, kind=winner.kind, base_model=item.model, why=sentence(winner.why)
            )
    # A tuned winner may be named by what it was tuned from.
    for item in candidates:
        if winner.kind == "tuned" and item.tuned_model and same_model(winner.model, item.model):
            why = sentence(winner.why)
            return m.WinnerResult(model=item.tuned_model, kind="tuned", base_model=item.model, why=why)
    raise ValueError(f"the winner {winner.model!r} is none of the candidates")


def _snippets(
    prompt: Prompt | None,
    deployed: Deployed | None,
    run: m.Run,
    example: str | None,
    before: Sequence[str],
    confidence: ConfidenceResult | None,
) -> m.Snippets | None:
    if prompt is None or deployed is None:
        return None
    body = request(prompt, example or EXAMPLE)
    if not body["messages"] or body["messages"][-1].get("role") != "user":
        body = request(prompt, EXAMPLE)
    # The label alone is wanted from a caller's request; the probabilities served the evaluation.
    body.pop("logprobs", None)
    return make_snippets(
        model=deployed.address,
        body=body,
        account=run.account or "",
        base_url=run.base_url,
        before=before,
        confidence=confidence,
    )


def _unanswered(candidates: Sequence[CandidateResult]) -> list[str]:
    reasons = []
    for item in candidates:
        for scores, which in ((item.base_scores, "base"), (item.tuned_scores, "fine-tuned")):
            if scores is not None and not scores.complete:
                missing = scores.rows - scores.scored
                name = clip(short(item.model), 60)
                reasons.append(f"{missing:,} of {scores.rows:,} test rows got no answer from {name} ({which})")
    return reasons


def same_model(one: str, other: str) -> bool:
    """Whether two model names mean the same, one of them perhaps without its account."""
    return (
        one == other
        or ("/" not in one + other and one == other)
        or (("/" in one) != ("/" in other) and short(one) == short(other))
    )
