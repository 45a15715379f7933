"""The ways in which base models were asked, and what their question says of the labels."""

from __future__ import annotations

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.report.formatting import Quoted, percent, plural, short
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.table import Table, columns

_WORDS = {
    "zero-shot": "by the names of the labels",
    "descriptions": "by the names of the labels and what they mean",
    "two-stage": "for what stands above the label first, then for the label below it, by their names, in two requests",
    "decision": "for a probability for each label, with what the labels mean, and no text",
}


def asked_how(report: Report) -> str:
    """Which models the question was put to that the report shows."""
    return "Every model was asked the same way" if not _arms(report) else "What is in use after this run was asked so"


def fewer_options(report: Report) -> str:
    """What follows on the labels as options, where models are asked among fewer of them; empty where none is."""
    rows = report.shortlists.rows if report.shortlists else ()
    if not rows:
        return ""
    each = " and ".join(f"{row.options:,} for {row.model}" for row in rows)
    return f": {each}, of the {rows[0].labels:,} labels those that the training rows choose for each text"


def ways(report: Report) -> Table:
    """Every way of asking; without rows where there was one alone."""
    rows = [(Quoted(name), _way(report, name)) for name in ((ZERO_SHOT, *_arms(report)) if _arms(report) else ())]
    return Table(columns("Arm", "How base models were asked"), tuple(rows))


def meanings(report: Report) -> Table:
    """What the question says that labels mean; without rows where it says nothing of them."""
    asked = {"descriptions", "decision"} & set(report.asked.arms) or report.asked.inference == "decision"
    described = (report.asked.label_descriptions or {}) if asked else {}
    return Table(columns("Label", "Means"), tuple((Quoted(label), text) for label, text in described.items()))


def example_text(candidate: CandidateResult) -> str:
    """`knn-8`; where the validation rows chose the number, `knn, 4 examples`."""
    if candidate.examples is None or read_arm(candidate.arm).examples is not None:
        return candidate.arm
    return f"{candidate.arm}, {plural(candidate.examples, 'example')}"


def calibrated_how(report: Report) -> str:
    """Which base models answer with contextual calibration, and what it does on validation rows; empty without any."""
    sentences = []
    for candidate in report.candidates:
        chosen = candidate.calibration
        if chosen is None:
            continue
        sentences.append(
            f"{short(candidate.model)} answers {'with' if chosen.used else 'without'} contextual calibration: right on "
            f"{percent(chosen.accuracy)} of {chosen.rows:,} validation rows with it, and on "
            f"{percent(chosen.accuracy_without)} without."
        )
    return " ".join(sentences)


def _arms(report: Report) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.arm for item in report.candidates if item.arm))


def _way(report: Report, name: str) -> str:
    arm = read_arm(name)
    if arm.kind != "knn":
        words = _WORDS[arm.kind] + (fewer_options(report) if arm.kind == "decision" else "")
        return words if report.asked.label_descriptions else words.replace(", with what the labels mean", "")
    method = f" by {report.examples.method}" if report.examples else ""
    number = plural(arm.examples, "training row") if arm.examples else "training rows"
    text = f"after the {number} most like each row{method}, with their labels"
    chosen = [item for item in report.candidates if item.arm == name and item.examples is not None]
    if arm.examples is None and chosen:
        numbers = ", ".join(f"{short(item.model)}: {item.examples}" for item in chosen)
        text += f"; their number was chosen on validation rows ({numbers})"
    fewer = report.examples.fewer if report.examples and arm.examples is not None else {}
    cut = [f"{model}: {fewer[model]:,} rows" for item in chosen if (model := short(item.model)) in fewer]
    return f"{text}; fewer where no more fit into the context ({', '.join(cut)})" if cut else text
