"""How the choices were made: finalists, sweep and learning curve."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    learning_rate,
    p_value,
    percent,
    percent_range,
    points,
    points_text,
    rows_text,
    short,
)
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.verdicts import interval_text
from fw_assets.report.table import Table, columns


def ranking(report: Report) -> Table:
    """The base models in the order in which finalists were chosen, with the reason for the rank of each."""
    rows = tuple(
        (
            Quoted(short(ranked.model)),
            f"{percent(ranked.accuracy)} ({percent_range(ranked.interval)})",
            f"finalist: {ranked.why}" if ranked.chosen else ranked.why,
        )
        for ranked in report.finalists
    )
    return Table(columns("Model", ">Validation accuracy", "Why"), rows)


def sweep(candidate: CandidateResult) -> Table:
    """The cells of the tuning grid and their validation figures, those that any cell has.

    Hosted jobs publish no accuracy, and serve what their last epoch left.
    """
    has_accuracy = any(cell.eval_accuracy is not None for cell in candidate.sweep)
    stopped_early = any(cell.kept_epoch not in (None, cell.epochs) for cell in candidate.sweep)
    rows = tuple(
        (
            str(cell.lora_rank),
            learning_rate(cell.learning_rate),
            f"{cell.epochs:g}",
            str(cell.batch_size) if cell.batch_size is not None else "default",
            count(cell.rows) if cell.rows is not None else "n/a",
            decimal(cell.eval_loss),
            *([percent(cell.eval_accuracy)] if has_accuracy else []),
            *([f"{cell.kept_epoch:g}" if cell.kept_epoch is not None else "n/a"] if stopped_early else []),
            "chosen" if cell.chosen else (cell.state or "").replace("JOB_STATE_", "").lower().replace("completed", ""),
        )
        for cell in candidate.sweep
    )
    settings = (">LoRA rank", ">Learning rate", ">Epochs", ">Batch", ">Rows")
    figures = (">Validation accuracy",) * has_accuracy + (">Epoch kept",) * stopped_early
    return Table(columns(*settings, ">Eval loss", *figures, ""), rows)


def learning(candidate: CandidateResult) -> Table:
    """Test accuracy by number of training rows."""
    rows = tuple(
        (percent(point.share, 0), count(point.rows), percent(point.accuracy), percent_range(point.interval))
        for point in candidate.learning
    )
    return Table(columns(">Share", ">Training rows", ">Test accuracy", ">95% interval"), rows)


def more_labels(candidate: CandidateResult) -> str:
    """Whether more labels would help, judged by the last step of the learning curve; empty without a curve."""
    if len(candidate.learning) < 2:
        return ""
    before, last = candidate.learning[-2:]
    change = points(last.accuracy - before.accuracy if last.gain is None else last.gain.difference)
    step = f"From {count(before.rows)} to {count(last.rows)} training rows the accuracy changed by {change} points"
    if last.gain is None:
        if last.interval[0] > before.accuracy:
            return f"{step}: more labels would probably help."
        return f"{step}, within the error of the test rows: more labels would not obviously help."
    step += f" ({interval_text(last.gain.interval, last.gain.level)}; {p_value(last.gain.p_value)})"
    if last.gain.verdict == "better":
        return f"{step}: more labels would probably help."
    where = rows_text(last.gain.rows, last.gain.groups)
    if last.gain.interval[1] < last.gain.margin:
        return (
            f"{step}: a gain of {points_text(last.gain.margin)} or more is ruled out, so more labels would help little."
        )
    return f"{step}: whether more labels would help cannot be told on {where}."
