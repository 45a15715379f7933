"""The table of assets: how each is partitioned, when it runs, what it needs, and what its checks say.

Phases, jobs, the definitions and the tables of docs/dagster.md are read from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

COMPLETE = "Every validation and test row was answered; no verdict is drawn while one is missing."
ABOVE_MAJORITY = "More test rows are right than if every row were given the most frequent label."

CHECKS: Mapping[str, Mapping[str, str]] = {
    "inspected_dataset": {"schema": "Every line of the files is a usable row."},
    "label_set": {
        "labels_known": "Every row's label is in the label set, and no label is probably a misspelling of another.",
        "imbalance": "The most frequent label is not more than the threshold times as frequent as the least frequent.",
        "overlap": "No row of one part is repeated in another, exactly or nearly, and equal texts have equal labels.",
        "rare_labels": "Every label has enough test rows to say something about it.",
    },
    "plan": {
        "every_price_known": "No price is unknown, so the totals leave nothing out.",
        "within_budget": "The high figure is within max_spend_usd, where the session sets one.",
        "instruction_understood": "Every clause of the instruction in plain English was understood.",
    },
    "label_suspects": {
        "label_noise": "At most 3 % of labels are wrong, by a model of the others. Where to look, not what to change."
    },
    "approval": {
        "approved": "The current plan was approved, so that the phases follow.",
        "labels_confirmed": "The labels were given, or a person said that the inferred ones are right.",
    },
    "base_metrics": {"complete": COMPLETE, "above_majority": ABOVE_MAJORITY},
    "baselines": {
        "complete": "Every validation and test row was answered.",
        "above_majority": "Words and logistic regression beat the most frequent label: the text says something.",
    },
    "finalists": {
        "enough_finalists": "As many models go on to fine-tuning as the session asks for.",
        "within_approved": "The estimate, revised by what the base models used, is within what was approved.",
    },
    "sweep": {"every_cell_measured": "The platform published an evaluation loss for every cell of the grid."},
    "fine_tuned_models": {
        "no_worse_than_sweep": "On all rows the evaluation loss is at most 10 % above that of the sweep's best cell."
    },
    "metrics": {
        "complete": COMPLETE,
        "above_majority": ABOVE_MAJORITY,
        "no_worse_than_base": "The paired test shows no loss against the base model.",
    },
    "learning_curve": {"complete": "Every test row was answered at every size."},
    "deployment": {
        "gate": "The gate decided, and a model that is worth using stays: the winner, or the one in its place.",
        "serves_what_was_evaluated": "Asked again, it answers the same.",
    },
    "report": {
        "written": "Markdown, HTML and JSON lie in the workspace.",
        "within_approved": "What was paid is within what was approved.",
        "finished": "The run was not stopped by the ceiling: there is a verdict.",
    },
    "regression": {
        "regression": "All nights together show no loss of accuracy since the deployment was accepted.",
        "coverage": "They show no loss of rows with a valid label.",
        "label_shares": "They show no label that is answered more often or less often than when accepted.",
        "flips": "Answers differ from the accepted ones as seldom as from one night to the next.",
        "served_model": "The platform names what it serves as it did on the first night.",
    },
}
"""Asset, then check, then what it says when it passes."""


@dataclass(frozen=True)
class Freshness:
    """How old the newest materialization of an asset may be, of whichever dataset, until its page warns or fails."""

    warn: timedelta
    fail: timedelta


FRESHNESS: Mapping[str, Freshness] = {
    # The monthly benchmark looks for better models: a month of it missed, and a quarter.
    "deployment": Freshness(timedelta(days=35), timedelta(days=100)),
    # One night of the nightly check missed, and two.
    "regression": Freshness(timedelta(hours=30), timedelta(hours=54)),
}
"""By asset; the others are made when they are due, and do not age."""


@dataclass(frozen=True)
class AssetEntry:
    """One asset. Its module in `assets/` and its function are named as its key.

    Attributes:
        per: partitioned by dataset, or by cell: one model in a dataset.
        group: numbered, so that the catalog lists the groups in the order of the phases.
        phase: the assets of a phase are materialized in one run, in the order of the table; None: no phase starts it.
        needs: keys of the assets that it is made from, its lineage in the UI.
        pool: limits how many run at a time, see `dagster.yaml`.
    """

    key: str
    per: Literal["dataset", "cell"]
    group: str
    phase: str | None
    needs: tuple[str, ...]
    pool: Literal["inference", "fine_tune"] | None = None
    checks: Mapping[str, str] = field(init=False)
    freshness: Freshness | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", CHECKS[self.key])
        object.__setattr__(self, "freshness", FRESHNESS.get(self.key))


# fmt: off
ASSETS = (
    AssetEntry("inspected_dataset", "dataset", "1_plan",     "planning",       ()),
    AssetEntry("label_set",         "dataset", "1_plan",     "planning",       ("inspected_dataset",)),
    AssetEntry("plan",              "dataset", "1_plan",     "planning",       ("inspected_dataset", "label_set")),
    # It needs no plan, but a person waits for that and for no suspects: so it comes after it in the run.
    AssetEntry("label_suspects",    "dataset", "1_plan",     "planning",       ("label_set", "plan")),
    AssetEntry("approval",          "dataset", "1_plan",     "approval",       ("plan",)),
    AssetEntry("base_metrics",      "cell",    "2_baseline", "base",           ("approval",), "inference"),
    AssetEntry("baselines",         "dataset", "2_baseline", "baselines",      ("approval",)),
    AssetEntry("finalists",         "dataset", "2_baseline", "finalists",      ("base_metrics", "plan")),
    AssetEntry("sweep",             "cell",    "3_tuning",   "tuning",         ("finalists",), "fine_tune"),
    AssetEntry("fine_tuned_models", "cell",    "3_tuning",   "tuning",         ("sweep",), "fine_tune"),
    AssetEntry("metrics",           "cell",    "3_tuning",   "tuning",         ("fine_tuned_models", "base_metrics"), "inference"),  # noqa: E501
    AssetEntry("learning_curve",    "cell",    "3_tuning",   "learning curve", ("metrics",), "fine_tune"),
    AssetEntry("deployment",        "dataset", "4_delivery", "delivery",       ("finalists", "metrics")),
    AssetEntry("report",            "dataset", "4_delivery", "delivery",       ("deployment", "baselines")),
    AssetEntry("regression",        "dataset", "4_delivery", None,             ("deployment",), "inference"),
)
# fmt: on

BY_DATASET = tuple(entry.key for entry in ASSETS if entry.per == "dataset")
BY_CELL = tuple(entry.key for entry in ASSETS if entry.per == "cell")


def asset_entry(key: str) -> AssetEntry:
    """The entry of an asset.

    Raises:
        KeyError: it is not in the table.
    """
    return _BY_KEY[key]


def phase_assets(phase: str) -> tuple[str, ...]:
    """The assets of a phase, in the order in which its run materializes them."""
    return tuple(entry.key for entry in ASSETS if entry.phase == phase)


_BY_KEY = {entry.key: entry for entry in ASSETS}
