"""Notes of the plan for the person who approves it: warnings, and the consequences of approval and rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fw_assets.classification.arm import EXAMPLES_TRIED, arm_of, without_arm
from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.catalogue.decision_arms import decision_arms
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.tuning_grid import rate_text
from fw_assets.classification.catalogue.warm_start import WarmStart
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.label_thresholds import DEFAULT_RULE, ThresholdRule
from fw_assets.classification.labels.findings import mixed_format_warning
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.json_rules import is_path
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.long_rows import LongRows, long_row_warnings
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OutOfScope
from fw_assets.classification.splits.split import SplitFacts

MIN_TEST_ROWS = 100
MIN_TRAINING_ROWS = 100
MAX_CELLS = 12
"""Bounds outside of which a warning is given."""
MIN_SCOPE_ROWS = 50
"""Distinct out-of-scope rows of a part, below which a share of them has an interval of 28 points and more."""
MAX_NAMED = 20

THRESHOLDS: dict[ThresholdRule, str] = {
    "per-label": "a threshold for each label",
    "shared": "one threshold for all labels (with the best sets)",
    "macro-f1": "one threshold for all labels (with the best macro-F1)",
}


def warnings(
    session: Session,
    catalogue: Sequence[CatalogueModel],
    models: Sequence[PlannedModel],
    rows: Mapping[str, int],
    inspected: InspectedDataset,
    label_set: LabelSet,
    priced: Estimate,
    unused: Sequence[str],
    warm_start: WarmStart | None = None,
    too_long: Sequence[LongRows] = (),
    examples: ExampleSource | None = None,
    left_out: Sequence[LeftOutArm] = (),
    shortlists: ShortlistSource | None = None,
) -> tuple[str, ...]:
    """All warnings, the most consequential first."""
    return (
        *(f"The instruction says {clause!r}, which was not understood and changes nothing." for clause in unused),
        *_rejected_warnings(inspected, label_set),
        *mixed_format_warning(label_set.extraction),
        *(finding.message for finding in label_set.findings if finding.consequential),
        *_field_warnings(inspected, label_set),
        *long_row_warnings(too_long, rows),
        *_data_warnings(session, rows, label_set),
        *_scope_warnings(label_set.out_of_scope, label_set.split),
        *_model_warnings(session, catalogue, models),
        *_warm_start_warnings(warm_start),
        *(arm.sentence for arm in left_out),
        *(row.sentence for row in (shortlists.rows if shortlists else ())),
        *_decision_warnings(session, models),
        *_threshold_warnings(session, label_set),
        *_arm_warnings(session, catalogue),
        *_example_warnings(examples, rows),
        *_money_warnings(session, priced),
    )


def on_approval(
    session: Session,
    models: Sequence[PlannedModel],
    priced: Estimate,
    warm_start: WarmStart | None = None,
    out_of_scope: OutOfScope | None = None,
    *,
    multi_label: bool = False,
) -> tuple[str, ...]:
    """The steps that an approval starts, in order."""
    arms = list(dict.fromkeys(str(model.arm) for model in models if model.arm))
    models = [model for model in models if not model.arm]
    single = len(models) == 1
    adapters = [model for model in models if model.base_model]
    tunable = [model for model in models if model.cells]
    named = [model for model in models if model.is_named_deployment or model.is_router]
    kind = "model" if adapters or named else "base model"
    bases = f"The {kind}" if single else f"Each of the {len(models)} {kind}s"
    steps = [f"{bases} answers the validation and test rows once."]
    if out_of_scope is not None:
        steps.append(
            f"{'It' if single else 'Each'} also answers the {sum(out_of_scope.rows):,} rows of {out_of_scope.file}, "
            f"which belong to no label: {out_of_scope.rows[0]:,} choose its confidence threshold, "
            f"{out_of_scope.rows[1]:,} judge it, none is trained on."
        )
    if arms:
        ways = "another way" if len(arms) == 1 else f"{len(arms)} other ways"
        steps.append(
            f"{'Models' if named else 'Base models'} are also asked in {ways}, which need no tuning: {', '.join(arms)}."
        )
        if any(name.startswith("knn") for name in arms):
            steps.append("Examples are training rows alone, for each row those that are most like it.")
        if "two-stage" in arms:
            steps.append("two-stage asks each row twice: for what stands at the top, then for the label below that.")
        if "knn" in arms:
            tried = ", ".join(map(str, EXAMPLES_TRIED))
            steps.append(f"knn asks the validation rows with {tried} examples, and the test rows with the best number.")
    decides = session.inference == "decision"
    calibrated = [model.slug for model in models if model.entry and model.entry.calibration]
    if calibrated and not decides:
        steps.append(
            f"{' and '.join(calibrated)}: each answer is read with contextual calibration and without; the way that is "
            "right more often on validation rows is used."
        )
    if decides:
        steps.append("Answers are decisions: a probability for each label, and no text.")
    steps += [
        f"{model.slug} is asked on {model.deployment}, which exists and stays as it is."
        for model in models
        if model.deployment and model.strategy == "deployment" and not model.is_named_deployment
    ]
    steps += [_named_deployment_step(model) for model in models if model.is_named_deployment]
    steps += [
        f"{model.slug} is the router {model.name}, asked under that name; the platform chooses the model behind it."
        for model in models
        if model.is_router
    ]
    steps += [
        f"{model.slug} is {model.endpoint.model}, asked at {model.endpoint.url} with the key of the variable "
        f"{model.endpoint.key_variable}, if it is set; the rows are sent there."
        for model in models
        if model.endpoint
    ]
    steps += [
        f"{model.slug} is answered by the server at {model.entry.answered_by}, to which the rows are sent."
        for model in models
        if model.entry and model.entry.answered_by
    ]
    if session.free_rows:
        every = "It" if single else "Each model"
        how = "with the labels in reverse order" if decides else "without constrained decoding"
        steps.append(f"{every} also answers at most {session.free_rows} test rows {how}.")
    if session.null_control:
        steps.append("Each base model answers the test rows a second time, as a null control.")
    steps.append("Free models that need no language model are trained here, at no cost.")
    if multi_label:
        steps.append(
            f"Where a model tells a probability for each label, labels are given from {THRESHOLDS[session.thresholds]} "
            "on, chosen on the validation rows."
        )
    if priced.finalists:
        best = "the best one" if priced.finalists == 1 else f"the best {priced.finalists}"
        rows = f"{'by the cost of mistakes ' if session.costs else ''}on validation rows"
        choice = "it" if single else "each" if priced.finalists == len(models) else f"{best} {rows}"
        if adapters or named:
            names = " and ".join(model.slug for model in tunable)
            choice = names if priced.finalists == len(tunable) else f"{best} of {names} {rows}"
        tuned = "It" if priced.finalists == 1 else "Each of them"
        steps.append(
            f"Fine-tuning: {choice}, with every cell of the grid, at most {session.max_parallel_jobs} jobs at once."
        )
        if warm_start is not None:
            steps.append(f"Every job continues the adapter {warm_start.slug}, which stays as it is.")
        if session.full_data_run:
            steps.append(f"{tuned} is trained with its best cell on all training rows.")
        if any(line.stage == "tuned-evaluation" and line.model != line.finalist for line in priced.lines):
            steps.append(f"{tuned} answers the same rows twice: by texts, then by decisions, on the same deployment.")
        if session.learning_curve:
            steps.append(f"{tuned} is also trained on 25% and on 50% of the training rows, as a learning curve.")
        steps.append("Base and fine-tuned models are compared on the test rows, which no choice reads.")
        steps.append(
            {
                "if-better": f"The winner {rows} is deployed if the test rows confirm it.",
                "always": f"The winner {rows} is deployed.",
                "never": "Nothing is deployed for serving.",
            }[session.deploy]
        )
    steps.append("The report is written. Nothing that exists is changed or deleted.")
    limit = "a figure that leaves out unknown prices" if priced.lower_bound else "at most the high figure"
    steps.append(f"The approval covers {limit}; what could pass it is not started.")
    return tuple(steps)


def on_rejection(dataset: str) -> tuple[str, ...]:
    return (
        "The rejection is recorded and costs nothing; nothing is created on the platform.",
        f"Change the session of {dataset} and plan again: a new plan needs a new approval.",
    )


def _rejected_warnings(inspected: InspectedDataset, label_set: LabelSet) -> Iterator[str]:
    kinds = (*inspected.rejected_kinds, *label_set.left_out)
    rows = inspected.rejected_rows + sum(count for _, count in label_set.left_out)
    if rows:
        listed = ", ".join(f"{kind}: {count:,}" for kind, count in kinds)
        yield (
            f"{rows:,} {'row' if rows == 1 else 'rows'} could not be used and {'is' if rows == 1 else 'are'} left out "
            f"({listed}); each is in rejected_rows.jsonl with its reasons."
        )


def _field_warnings(inspected: InspectedDataset, label_set: LabelSet) -> Iterator[str]:
    """The fields of the answers that nothing is learned of, by name, and how to keep them."""
    left_out = inspected.left_out_fields([field.keys for field in label_set.fields])
    if not left_out:
        return
    named = [f"{field.name} ({field.summary})" for field in left_out[:MAX_NAMED]]
    more = f" and {len(left_out) - MAX_NAMED} more" if len(left_out) > MAX_NAMED else ""
    label = inspected.extraction.key if inspected.extraction.rule == "json_key" else "the ground_truth"
    yield (
        f"The answers are objects of {len(inspected.fields)} fields, of which {label} is the label. Left out of "
        f"training and of every answer: {', '.join(named)}{more}.{_keeping(inspected, label_set)}"
    )


def _keeping(inspected: InspectedDataset, label_set: LabelSet) -> str:
    """How to have the fields that are left out, a sentence after a space; empty where none of them can be had."""
    path = inspected.label_path if is_path(inspected.extraction.key or "") else ()
    label = next((field.name for field in inspected.fields if field.keys == path), None)
    asked = [field.keys for field in label_set.fields] or ([path] if label else [])
    left_out = inspected.left_out_fields(asked)
    more = [field.name for field in left_out]
    if label is None:
        first = next((field.name for field in left_out if field.kind == "label"), None)
        others = [name for name in more if name != first]
        if first is None or not others:
            return ""
        named = ", ".join([first, *others][:MAX_NAMED])
        return f" In its place, fields: [{named}] asks for them, with {first} as the label."
    names = [*([field.name for field in label_set.fields] or [label]), *more]
    example = f"fields: [{', '.join(names)}], the label first, or " if len(names) <= MAX_NAMED else ""
    return f" To keep them, set {example}fields: ['*'] for all of them (--field NAME for each on the command line)."


def _data_warnings(session: Session, rows: Mapping[str, int], label_set: LabelSet) -> Iterator[str]:
    distinct = label_set.groups.get("test", rows["test"])
    independent = label_set.independent("test", rows["test"])
    if independent < MIN_TEST_ROWS:
        test_rows = f"{rows['test']} test rows" + (f", {distinct} distinct" if distinct < rows["test"] else "")
        test_rows += f", worth at least {independent} of equal weight" if independent < distinct else ""
        yield f"Only {test_rows}: small differences between models cannot be told from chance."
    if session.mode == "fine-tune" and rows["train"] < MIN_TRAINING_ROWS:
        yield f"Only {rows['train']} training rows: fine-tuning may do little."
    if session.mode == "fine-tune" and not rows["validation"]:
        yield "No validation rows: the choices between models rest on nothing."
    imbalance = label_set.imbalance
    if imbalance.exceeded and session.mitigation == "none":
        yield (
            f"{imbalance.most[0]} occurs {imbalance.ratio:.1f} times as often as {imbalance.least[0]} "
            f"(threshold {imbalance.threshold:g}): consider a mitigation when approving."
        )


def _scope_warnings(found: OutOfScope | None, split: SplitFacts) -> Iterator[str]:
    """What makes the figures of an out-of-scope file doubtful."""
    if found is None:
        return
    if found.shared:
        parts = ", ".join(f"{count:,} of the {part} rows" for part, count in found.shared.items())
        pairs = ", ".join(f"{row} and {other}" for row, other in found.shared_rows)
        yield (
            f"{sum(found.shared.values()):,} rows of {found.file} have the text of a row that has a label ({parts}; "
            f"{pairs}): a model that gives that label is counted as wrong. Take them out of the one or the other file."
        )
    if found.empty:
        yield f"{found.empty:,} rows of {found.file} have no text and are left out."
    if not split.rows.validation:
        yield "No validation rows: no confidence threshold can be chosen, and out-of-scope rows are not told by one."
    few = min(found.groups)
    if few < MIN_SCOPE_ROWS:
        yield (
            f"{found.file} has {sum(found.groups):,} different texts, half of which choose a threshold: how often one "
            "is found is only roughly known."
        )


def _threshold_warnings(session: Session, label_set: LabelSet) -> Iterator[str]:
    if session.thresholds != DEFAULT_RULE and not label_set.multi_label:
        yield f"thresholds: {session.thresholds} changes nothing, since rows have one label each."


def _decision_warnings(session: Session, models: Sequence[PlannedModel]) -> Iterator[str]:
    """What no request could tell before a deployment is up."""
    all_decide = session.inference == "decision"
    deciding = [model for model in models if all_decide or (model.arm and model.arm.kind == "decision")]
    unasked = [without_arm(model.slug) for model in deciding if model.strategy == "deployment"]
    if unasked:
        yield (
            f"Whether {' or '.join(unasked)} answers decisions is known only once its deployment is up: the plan "
            "could not ask. Where it does not, the evaluation ends with the first row."
        )
    if all_decide and any(model.cells for model in models):
        yield (
            "Whether fine-tuned models answer decisions is known only once they are deployed, after the training is "
            "paid: a service may take that API from its own decision models alone."
        )
    elif decision_arms(models, session):
        yield (
            "Whether fine-tuned models answer decisions too is known only once they are deployed: where one does not, "
            "it is left out of that arm and keeps its texts."
        )


def _arm_warnings(session: Session, catalogue: Sequence[CatalogueModel]) -> Iterator[str]:
    """Arms that change nothing, and descriptions that nothing asks."""
    alike = [
        entry.slug
        for entry in catalogue
        if entry.arm and entry.arm.kind in ("descriptions", "knn") and not entry.reads_whole_prompt
    ]
    if alike:
        yield (
            f"{', '.join(alike)}: this model reads the last user turns alone, so that its answers are those of the "
            "model as it is."
        )
    asked = session.inference == "decision" or set(session.arms) & {"descriptions", "decision"}
    if session.label_descriptions and not asked:
        yield (
            "No question says the descriptions of the labels: add the arm `descriptions`, or `decision`, to `arms` to "
            "have them asked."
        )


def _example_warnings(examples: ExampleSource | None, rows: Mapping[str, int]) -> Iterator[str]:
    if examples is None:
        return
    asked = rows["validation"] + rows["test"]
    for model, number in examples.fewer.items():
        most = max(arm.tried) if (arm := arm_of(model)) else 0
        yield (
            f"{model}: {number:,} of {asked:,} rows have fewer than {most} examples, as many as fit into the model's "
            "context."
        )
    if examples.why:
        yield f"Examples are the nearest training rows by {examples.method}: {examples.why}."


def _named_deployment_step(model: PlannedModel) -> str:
    serves = model.entry.serves.rsplit("/", 1)[-1] if model.entry else ""
    of = f" of {serves}" if serves else ""
    return (
        f"{model.slug} is a deployment{of} that exists, asked under the name {model.name}. It stays as it is, and "
        "starts with the first request where it is scaled to zero."
    )


def _model_warnings(
    session: Session, catalogue: Sequence[CatalogueModel], models: Sequence[PlannedModel]
) -> Iterator[str]:
    for entry, model in zip(catalogue, models, strict=True):
        if model.arm:
            continue
        if entry.is_named_deployment and entry.is_trained:
            served = entry.serves.rsplit("/", 1)[-1]
            yield (
                f"{model.slug} serves {served}, which was trained before: where test rows were among its training "
                "rows, its figures flatter it."
            )
        if model.base_model:
            yield (
                f"{model.slug} is an adapter of {model.base_model.rsplit('/', 1)[-1]} that was trained before: it is "
                "evaluated and not trained again. Where test rows were among its training rows, its figures flatter it."
            )
        elif session.mode == "fine-tune" and (entry.is_named_deployment or entry.is_router):
            what = "a deployment that exists" if entry.is_named_deployment else "a router"
            yield f"{model.slug} is {what}: it is evaluated as it is, and not fine-tuned."
        elif session.mode == "fine-tune" and not model.cells and not model.endpoint:
            yield f"{model.slug} cannot be fine-tuned here and is only benchmarked."
        if model.cells and not entry.supports_lora:
            yield (
                f"{model.slug} trains, but the platform does not say that it serves what was trained (supportsLora): "
                "the jobs may be paid for a model that no deployment takes."
            )
        if entry.retired:
            yield (
                f"The platform retires {model.slug} ({entry.retired}): after that it serves neither it nor what was "
                "trained from it."
            )
        if entry.learning_rate_range is not None:
            low, high = entry.learning_rate_range
            outside = sorted({cell.learning_rate for cell in model.cells if not low <= cell.learning_rate <= high})
            if outside:
                rates = ", ".join(rate_text(rate) for rate in outside)
                yield (
                    f"{model.slug}: learning rate {rates} is outside the range of its catalogue entry, "
                    f"{rate_text(low)} to {rate_text(high)}."
                )
    cells = max((len(model.cells) for model in models), default=0)
    if cells > MAX_CELLS:
        yield f"The grid has {cells} cells, so {cells} jobs for each finalist."


def _warm_start_warnings(warm_start: WarmStart | None) -> Iterator[str]:
    if warm_start is not None:
        yield (
            f"Fine-tuning continues {warm_start.slug}, which was trained before: where test rows were among its "
            "training rows, the figures of what continues it flatter."
        )


def _money_warnings(session: Session, priced: Estimate) -> Iterator[str]:
    if priced.lower_bound:
        yield f"The total is a lower bound: no price is known for {', '.join(priced.unknown)}."
    limit = session.max_spend_usd
    if limit is not None and limit < priced.expected:
        yield (
            f"The ceiling of ${limit:,.2f} is below the expected ${priced.expected:,.2f}: "
            "the run will probably stop before its end, as incomplete."
        )
