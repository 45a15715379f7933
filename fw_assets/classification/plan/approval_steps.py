"""Steps that an approval of the plan starts, and what a rejection does."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.arm import EXAMPLES_TRIED
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.warm_start import WarmStart
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.label_thresholds import ThresholdRule
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OutOfScope

THRESHOLDS: dict[ThresholdRule, str] = {
    "per-label": "a threshold for each label",
    "shared": "one threshold for all labels (with the best sets)",
    "macro-f1": "one threshold for all labels (with the best macro-F1)",
}


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


def _named_deployment_step(model: PlannedModel) -> str:
    serves = model.entry.serves.rsplit("/", 1)[-1] if model.entry else ""
    of = f" of {serves}" if serves else ""
    return (
        f"{model.slug} is a deployment{of} that exists, asked under the name {model.name}. It stays as it is, and "
        "starts with the first request where it is scaled to zero."
    )
