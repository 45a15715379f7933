"""Tables and sentences of a model card that the report has in another form."""

from __future__ import annotations

from fw_assets.report.card.subject import CardSubject
from fw_assets.report.fields.sentences import gained_sentence
from fw_assets.report.formatting import Quoted, count, learning_rate, percent, plural, rows_text, short
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.schema.report import Report
from fw_assets.report.sections import labels
from fw_assets.report.sections.similarity import new_texts_answer
from fw_assets.report.sections.small_numbers import power_sentence
from fw_assets.report.sections.verdicts import choice, choice_sentence
from fw_assets.report.table import Table, columns

MAX_LABELS = 100
"""Labels that a card lists."""


def use(report: Report, subject: CardSubject) -> str:
    """What the model is for."""
    kind = "any number of" if report.data.multi_label else "exactly one of"
    base = short(subject.base_model)
    by_lora = f", a LoRA adapter of {base}" if subject.relation == "adapter" else f", {base} fine-tuned by LoRA"
    origin = by_lora if subject.tuned else ", used as it is"
    return (
        f"{subject.name}{origin}, assigns {kind} {plural(len(report.labels), 'label')} to texts like those of "
        f"{report.dataset}. It is not meant for other labels, nor for texts unlike those that it was evaluated on."
    )


def confidence_use(report: Report, subject: CardSubject) -> str:
    """From which confidence its answers can stand alone; empty where none was measured."""
    trust = subject.result.confidence
    if trust is None:
        return ""
    if trust.threshold is None:
        wanted = percent(trust.wanted_precision, 0)
        return f"No confidence was shown from which {wanted} of its answers are right: have its answers looked at."
    return (
        f"Answers with a confidence of {trust.threshold:.3g} or more can stand alone: {percent(trust.coverage)} of the "
        f"test rows, of which {percent(trust.precision)} were right. Leave the others to a person."
    )


def training_data(report: Report, subject: CardSubject) -> Table:
    """Where the rows came from and how they were parted."""
    rows, groups, session = report.rows, report.groups, report.asked
    parted = "by the names of the dataset's files"
    if session.eval_dataset:
        parted = "the evaluation dataset is the test rows"
    elif not any(file.part == "test" for file in report.data.files):
        seed = report.seeds.get("split", "unknown")
        parted = f"{percent(1 - session.train_fraction, 0)} held out as test rows, seed {seed}"
    pairs: list[tuple[str, str]] = [
        ("Dataset", Quoted(report.dataset)),
        *(("File", Quoted(f"{file.name}, SHA-256 {file.sha256[:16]}…")) for file in report.data.files),
        ("Training rows", rows_text(rows.train, groups.train if groups else None, "row")),
        ("Validation rows", rows_text(rows.validation, groups.validation if groups else None, "row")),
        ("Test rows", rows_text(rows.test, groups.test if groups else None, "row")),
        ("Split", f"{parted}; duplicates are on one side"),
        ("Labels", f"{count(len(report.labels))}, {'given' if report.data.labels_given else 'inferred from the data'}"),
    ]
    if not subject.tuned:
        pairs = [pair for pair in pairs if pair[0] != "Training rows"]
    if subject.tuned and report.run.mitigation != "none":
        pairs.append(("Imbalance", f"{report.run.mitigation}, in the training rows only"))
    return Table(columns("What", "Value"), tuple(pairs))


def label_counts(report: Report) -> Table:
    """The labels with their rows in each part; of many the most frequent."""
    counts = report.data.label_rows
    order = sorted(report.labels, key=lambda label: -counts[label].train if label in counts else 0)[:MAX_LABELS]
    rows = tuple(
        (
            Quoted(label),
            *(
                count(getattr(counts[label], part)) if label in counts else ""
                for part in ("train", "validation", "test")
            ),
        )
        for label in order
    )
    return Table(columns("Label", ">Training", ">Validation", ">Test"), rows)


def procedure(report: Report, subject: CardSubject) -> Table:
    """How it was fine-tuned."""
    names = {"lora_rank": "LoRA rank", "learning_rate": "Learning rate", "epochs": "Epochs", "batch_size": "Batch size"}
    pairs: list[tuple[str, str]] = [("Base model", Quoted(subject.base_model))]
    if subject.candidate.warm_start:
        pairs.append(("Training continued", Quoted(subject.candidate.warm_start)))
    for key, value in subject.candidate.hyperparameters.items():
        if key in names and value is not None:
            pairs.append((names[key], learning_rate(value) if key == "learning_rate" else f"{value:g}"))
    if len(subject.candidate.sweep) > 1:
        tried = plural(len(subject.candidate.sweep), "setting")
        pairs.append(("Chosen from", f"{tried}, by the lowest evaluation loss on the validation rows"))
    if "training" in report.seeds:
        pairs.append(("Seed", str(report.seeds["training"])))
    return Table(columns("What", "Value"), tuple(pairs))


def figures(report: Report, subject: CardSubject) -> Table:
    """The model on the test rows, before and after tuning, beside what is free."""
    rows = tuple(
        (
            Quoted(model.name) if model.kind != "baseline" else model.name,
            model.kind,
            percent(model.accuracy) + _range(model.interval),
            model.macro_f1_text,
            "" if report.data.multi_label else model.balanced_text,
            model.mistakes_text if report.mistakes else "",
        )
        for model in judged_models(report, [subject.candidate])
    )
    accuracy = ">Exact sets" if report.data.multi_label else ">Accuracy"
    balanced = "" if report.data.multi_label else ">Balanced accuracy"
    return Table(
        columns("Model", "", accuracy, ">Macro-F1", balanced, ">Cost of 1,000 rows" if report.mistakes else ""), rows
    )


def per_label(subject: CardSubject) -> Table:
    """Every label's figures; of many the weakest."""
    table = labels.per_label(subject.candidate)
    return Table(table.columns, table.rows[:MAX_LABELS])


def _range(interval: tuple[float, float]) -> str:
    return f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f}%)"


def comparison(report: Report, subject: CardSubject) -> tuple[str, ...]:
    """Whether tuning helped, and what to expect on new texts; empty for a model as it is."""
    found = choice(report)
    if not subject.tuned or found is None:
        return ()
    expected = new_texts_answer(report)
    said = (choice_sentence(found), gained_sentence(report), f"On new texts: {expected}" if expected else "")
    return tuple(sentence for sentence in said if sentence)


def limits(report: Report, subject: CardSubject) -> tuple[str, ...]:
    """What the figures cannot show, and the gate's word where it refused the model."""
    notes = [power_sentence(report.power)] if report.power else []
    if subject.tuned and report.deployment.decision != "deployed" and report.deployment.why:
        notes.append(f"It was not deployed: {report.deployment.why}")
    told = f": {subject.licence}." if subject.licence else "; none is recorded here."
    notes.append(f"The licence of its base model holds{told}" if subject.tuned else "No licence is recorded here.")
    return tuple(notes)
