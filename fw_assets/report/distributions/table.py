"""Scores of the probabilities of all labels: table, and fine-tuned models against their bases."""

from __future__ import annotations

from fw_assets.classification.values import Interval
from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    percent,
    percent_range,
    points,
    points_range,
    short,
    signed,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns

NOTE = (
    "Top-3 accuracy: the true label is among the three most probable. Log loss and Brier score judge all "
    "probabilities, and are smaller for better ones. Rows whose model told none are left out."
)


def distributions(report: Report) -> Table:
    """One row per model that tells the probabilities of the labels."""
    rows = tuple(
        (
            baseline_name(item.model) if item.kind == "baseline" else Quoted(short(item.model)),
            report.kind_of(short(item.model), item.kind),
            count(item.scores.rows),
            f"{percent(item.scores.top3.value)} ({percent_range((item.scores.top3.low, item.scores.top3.high))})",
            _figure(item.scores.log_loss),
            _figure(item.scores.brier),
        )
        for item in report.distributions
    )
    return Table(columns("Model", "", ">Test rows", ">Top-3 accuracy", ">Log loss", ">Brier"), rows)


def against_bases(report: Report) -> tuple[str, ...]:
    """One sentence per fine-tuned model whose base tells probabilities as well."""
    return tuple(
        f"{short(item.model)}, fine-tuned against its base, row by row: top-3 accuracy "
        f"{points(change.top3.value)} points ({points_range((change.top3.low, change.top3.high))}), log loss "
        f"{_signed(change.log_loss)}, Brier {_signed(change.brier)}."
        for item in report.distributions
        if (change := item.against_base) is not None
    )


def _figure(value: Interval) -> str:
    return f"{decimal(value.value)} ({decimal(value.low)}–{decimal(value.high)})"


def _signed(value: Interval) -> str:
    return f"{signed(value.value, 3)} ({signed(value.low, 3)} to {signed(value.high, 3)})"
