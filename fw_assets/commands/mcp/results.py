"""Results of the tools: what an agent is told, typed and small; the files named in them hold the rest."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.commands.dataset_states import DatasetState


class UsdRange(Frozen):
    """US dollars, without what has no known price."""

    low: float
    expected: float
    high: float


class PlanResult(Frozen):
    """A plan that waits for an answer, or has one.

    Attributes:
        digest: what an approval is bound to.
        approvable_usd: the most that an approval allows to be spent.
        unknown_prices: lines of the estimate whose price is not known.
        rows: of each part; labels: with their number of rows.
        not_understood: clauses of the instruction that set nothing; only a person can approve such a plan.
        file: the plan as a person reads it.
    """

    dataset: str
    digest: str
    state: str
    note: str
    usd: UsdRange
    approvable_usd: float
    unknown_prices: tuple[str, ...]
    rows: dict[str, int]
    labels: dict[str, int]
    models: tuple[str, ...]
    warnings: tuple[str, ...]
    understood: tuple[str, ...]
    not_understood: tuple[str, ...]
    file: str


class Datasets(Frozen):
    """Datasets of the workspace, and those of the platform's account that can be planned by their name.

    Attributes:
        platform_error: why the platform's are not listed; empty where they are.
    """

    workspace: tuple[DatasetState, ...]
    platform: tuple[str, ...]
    platform_error: str = ""


class States(Frozen):
    """Where datasets stand."""

    datasets: tuple[DatasetState, ...]


class MeasuredModel(Frozen):
    """One model on the test rows; `accuracy_low` and `accuracy_high` are its 95 % interval."""

    model: str
    kind: str
    rows: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float | None
    coverage: float
    finalist: bool


class ReportResult(Frozen):
    """What a run came to.

    Attributes:
        decision: of the gate: deployed, keep-base, keep-none, not-asked or incomplete.
        markdown: the whole report, where it was asked for.
        file: the whole report for a browser.
    """

    dataset: str
    status: str
    answer: str
    winner: str | None
    decision: str
    models: tuple[MeasuredModel, ...]
    file: str
    markdown: str | None = None


class RunResult(Frozen):
    """A run that is under way, or has come to its report.

    Attributes:
        state: `running` where it goes on in this server; call `run` again to wait for it, or `status` to look.
    """

    dataset: str
    state: str
    note: str
    report: ReportResult | None = None


class ComparisonResult(Frozen):
    """The second model against the first, on the test rows that both have answered.

    Attributes:
        difference: of the accuracies, second less first, with the bounds of its interval.
        gained, lost: rows that only the second, or only the first, has right.
    """

    answer: str
    verdict: str
    first: str
    second: str
    rows: int
    first_accuracy: float
    second_accuracy: float
    difference: tuple[float, float, float]
    p_value: float
    gained: int
    lost: int


class LabelledRow(Frozen):
    """One text's answer; no label where the confidence is below the threshold, or the answer is none.

    Attributes:
        label: a list where a text can have several.
        fields: of answers that are objects of several fields, as JSON.
        error: why there is no label.
    """

    text: str
    label: str | list[str] | None
    fields: str | None
    confidence: float | None
    abstained: bool
    error: str | None


class Labels(Frozen):
    """Labels of some texts, in their order, and what they cost in US dollars (none: no known price).

    Attributes:
        notes: what a person should know of the labels, such as that the report recommends no model.
    """

    model: str
    threshold: float | None
    rows: tuple[LabelledRow, ...]
    paid_usd: float | None
    notes: tuple[str, ...] = ()


class ModelEntry(Frozen):
    """A model of the platform; `refused` says why it cannot label texts, and is none where it can."""

    model: str
    name: str
    parameters: int | None
    context: int | None
    tunable: bool
    asked_by: str
    refused: str | None
    prices: dict[str, float | None]


class Models(Frozen):
    """Models that a plan can name."""

    models: tuple[ModelEntry, ...]
