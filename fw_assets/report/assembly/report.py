"""The `Report`, put together from everything that the workflow measured, decided and paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.cost.ledger import CostRow
from fw_assets.classification.gate.deploy_gate import GateDecision
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.selection import Finalists, Winner
from fw_assets.classification.session import Mitigation
from fw_assets.report.assembly.baselines import at_majority
from fw_assets.report.assembly.candidates import (
    CandidateInputs,
    candidate_result,
    ranking,
    unanswered,
    winner_result,
)
from fw_assets.report.assembly.cost import bill
from fw_assets.report.assembly.dataset import dataset_summary
from fw_assets.report.assembly.deployment import Deployed, deployment_result
from fw_assets.report.assembly.power import observed_power
from fw_assets.report.assembly.recommended_code import (
    Served,
    confidence_of,
    free_first,
    recommended_code,
    scope_cutoff_of,
)
from fw_assets.report.formatting import typeset
from fw_assets.report.glossary import BASELINES
from fw_assets.report.schema.cascades import CascadeResult
from fw_assets.report.schema.comparison import BaselineResult, PairResult, TiedGroup
from fw_assets.report.schema.cost import Billing, CostPoint
from fw_assets.report.schema.dataset import SplitGroups, SplitRows
from fw_assets.report.schema.distributions import DistributionResult, ThresholdResult
from fw_assets.report.schema.fields import Fields
from fw_assets.report.schema.mistakes import MistakeCostsResult
from fw_assets.report.schema.report import PromptSummary, Report, Run
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.report.schema.similarity import SimilarityResult
from fw_assets.report.schema.slices import Hierarchy, Slices
from fw_assets.report.sections.answer import answer
from fw_assets.report.sections.baselines import recommended_baseline


def build_report(
    *,
    plan: Plan,
    prompt: Prompt | None,
    candidates: Sequence[CandidateInputs],
    finalists: Finalists | None,
    winner: Winner | None,
    gate: GateDecision | None,
    deployment: Deployed | None,
    cost_rows: Sequence[CostRow],
    run: Run,
    versions: Mapping[str, str],
    mitigation: Mitigation | None = None,
    created: Sequence[str] = (),
    incomplete: Sequence[str] = (),
    remedy: str = "",
    example: str | None = None,
    before: Sequence[str] = (),
    served: Served | None = None,
    predict: str = "",
    baselines: Sequence[BaselineResult] = (),
    costs: Sequence[CostPoint] = (),
    billed: Billing | None = None,
    batch_only: bool = False,
    mistakes: MistakeCostsResult | None = None,
    choice: PairResult | None = None,
    pairs: Sequence[PairResult] = (),
    tied: Sequence[TiedGroup] = (),
    free_pairs: Sequence[PairResult] = (),
    free_left_out: str = "",
    cascades: Sequence[CascadeResult] = (),
    similarity: Sequence[SimilarityResult] = (),
    distributions: Sequence[DistributionResult] = (),
    thresholds: Sequence[ThresholdResult] = (),
    scope: Sequence[ScopeResult] = (),
    hierarchy: Hierarchy | None = None,
    slices: Slices | None = None,
    fields: Fields | None = None,
    refused: Sequence[LeftOutArm] = (),
) -> Report:
    """The report of one dataset's run.

    Args:
        cost_rows: of `ledger.cost_rows` with the plan's estimate for `mitigation`, which the approval chose.
        created: full names of what the run created on the platform.
        incomplete: reasons why the run is not finished, such as a ceiling that was reached.
        remedy: what helps against them.
        example: the messages (JSON array) of a row that the snippets show; a plain sentence otherwise.
        before: shell lines that must run before the snippets, such as exporting the key.
        served: what answers requests, deployed or not; None where nothing does.
        predict: the command that asks for the label of a text, without the text.
        baselines: classifiers that need no language model, on the same rows.
        costs: cost against accuracy.
        billed: the account's own bill of the run's days.
        choice: the best fine-tuned model against the best that needs no tuning, on the test rows.
        pairs, tied: all candidates against each other.
        free_pairs: the free models against the others; free_left_out: why there is no sentence encoder among them.
        cascades: each free model before each other one.
        distributions: scores of the probabilities of all labels; thresholds: from which they give labels.
        scope: rows that belong to no label, by model; hierarchy: accuracy at each level of the labels.
        similarity: accuracy by similarity to the training rows; slices: by the slices that the session names.
        fields: of answers that are objects of several.
        mistakes: what mistakes cost, where the session says it.
        refused: arms that fine-tuned models turned out not to answer.
        batch_only: without a deployment, the winner's base model answers in batch jobs only.
    """
    labels = plan.label_set
    unfinished = [*incomplete, *unanswered(candidates)]
    if gate is not None and gate.decision == "incomplete" and not unfinished:
        unfinished.append(typeset(gate.why))
    winning_model = winner_result(winner, candidates, plan)
    power = observed_power(choice, pairs, candidates)
    report = Report(
        dataset=plan.dataset,
        plan_digest=plan.digest,
        status="incomplete" if unfinished else "benchmark" if plan.session.mode == "benchmark" else "complete",
        incomplete=tuple(unfinished),
        remedy=remedy,
        rows=SplitRows(**{part: plan.rows.get(part, 0) for part in SplitRows.model_fields}),
        labels=labels.labels,
        asked=plan.session,
        data=dataset_summary(plan.inspected, labels),
        prompt=prompt
        and PromptSummary(
            system=None if prompt.mode == "decision" else prompt.system, mode=prompt.mode, max_tokens=prompt.max_tokens
        ),
        candidates=at_majority([candidate_result(item, plan, finalists) for item in candidates], baselines),
        baselines=tuple(baselines),
        mistakes=mistakes,
        costs=tuple(costs),
        finalists=ranking(finalists),
        winner=winning_model,
        deployment=deployment_result(
            gate, deployment, plan, winning_model, unfinished=bool(unfinished), batch_only=batch_only
        ),
        cost=bill(plan.estimate_for(mitigation or plan.session.mitigation), cost_rows, billed),
        snippets=recommended_code(
            prompt,
            served if served is None or gate is None or gate.decision != "keep-none" else None,
            run,
            example,
            before,
            confidence_of(served, candidates),
            scope_cutoff=scope_cutoff_of(served, scope),
            predict=predict,
            cascade=any(item.recommended for item in cascades),
            free=next((BASELINES.get(item.name, item.name) for item in baselines if item.versus), None),
        ),
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
        detectable_difference=power.difference if power else plan.detectable_difference,
        power=power,
        groups=SplitGroups(**labels.groups, effective_test=labels.effective_groups.get("test"))
        if labels.groups
        else None,
        choice=choice,
        pairs=tuple(pairs),
        tied=tuple(tied),
        free_pairs=tuple(free_pairs),
        free_left_out=free_left_out,
        cascades=tuple(cascades),
        similarity=tuple(similarity),
        distributions=tuple(distributions),
        thresholds=tuple(thresholds),
        scope=tuple(scope),
        hierarchy=hierarchy,
        slices=slices,
        fields=fields,
        long_rows=plan.long_rows,
        left_out=(*plan.left_out, *refused),
        shortlists=plan.shortlists,
        examples=plan.examples,
    )
    free = recommended_baseline(report)
    return report.model_copy(
        update={
            "answer": answer(report),
            "recommended_baseline": free.name if free else None,
            "snippets": free_first(report.snippets) if free and report.snippets else report.snippets,
        }
    )
