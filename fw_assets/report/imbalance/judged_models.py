"""Models and baselines of a report with the figures that tell whether rare labels count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fw_assets.report.formatting import decimal, percent, percent_range, short, titled
from fw_assets.report.glossary import BASELINES
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import BaselineResult
from fw_assets.report.schema.mistakes import ModelMistakes
from fw_assets.report.schema.report import CandidateResult, Report


@dataclass(frozen=True)
class JudgedModel:
    """One model or baseline on the test rows.

    Attributes:
        kind: `base`, `adapter`, `fine-tuned` or `baseline`.
        title: its name in running text.
        mistakes: what they cost; None where the session has no costs.
        balanced_accuracy: None where a row may have several labels.
    """

    name: str
    kind: str
    accuracy: float
    interval: Bounds
    macro_f1: float | None
    macro_f1_interval: Bounds | None
    balanced_accuracy: float | None
    balanced_accuracy_interval: Bounds | None
    mistakes: ModelMistakes | None = None

    @property
    def title(self) -> str:
        return titled(self.name, self.kind)

    @property
    def balanced_text(self) -> str:
        """`93.4% (71.2–98.8%)`."""
        return with_range(percent(self.balanced_accuracy), self.balanced_accuracy_interval)

    @property
    def macro_f1_text(self) -> str:
        """`0.912 (0.861–0.945)`."""
        text, bounds = decimal(self.macro_f1), self.macro_f1_interval
        return text if bounds is None else f"{text} ({decimal(bounds[0])}–{decimal(bounds[1])})"

    @property
    def mistakes_text(self) -> str:
        """`120 (80–190)`."""
        if self.mistakes is None:
            return "n/a"
        low, high = self.mistakes.interval
        return f"{self.mistakes.cost:,.0f} ({low:,.0f}–{high:,.0f})"


def with_range(text: str, bounds: Bounds | None) -> str:
    return text if bounds is None else f"{text} ({percent_range(bounds)})"


def judged_models(
    report: Report, candidates: Iterable[CandidateResult], baselines: Iterable[BaselineResult] | None = None
) -> Iterator[JudgedModel]:
    """The models of these candidates, each base before its descendant, then the baselines: by default all."""
    single = not report.data.multi_label
    costs = {(item.name, item.kind): item for item in report.mistakes.models} if report.mistakes else {}
    for candidate in candidates:
        for result, kind in ((candidate.base, candidate.kind), (candidate.tuned, "fine-tuned")):
            if result is not None:
                yield JudgedModel(
                    name=short(candidate.model),
                    kind=kind,
                    accuracy=result.accuracy,
                    interval=result.interval,
                    macro_f1=result.macro_f1,
                    macro_f1_interval=result.macro_f1_interval,
                    balanced_accuracy=result.balanced_accuracy if single else None,
                    balanced_accuracy_interval=result.balanced_accuracy_interval if single else None,
                    mistakes=costs.get((short(candidate.model), "tuned" if kind == "fine-tuned" else "base")),
                )
    for item in report.baselines if baselines is None else baselines:
        yield JudgedModel(
            name=BASELINES.get(item.name, item.name),
            kind="baseline",
            accuracy=item.accuracy,
            interval=item.interval,
            macro_f1=item.macro_f1,
            macro_f1_interval=item.macro_f1_interval,
            balanced_accuracy=item.balanced_accuracy if single else None,
            balanced_accuracy_interval=item.balanced_accuracy_interval if single else None,
            mistakes=costs.get((item.name, "baseline")),
        )
