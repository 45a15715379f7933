"""Headline of a benchmark: superlatives are of the validation rows, and ties are called so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.advice.headline import headline
from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.report import Report, Validation, WinnerResult
from fw_assets.report.sections.answer import answer
from fw_assets_tests.report.advice.test_headline import decided, pair
from fw_assets_tests.report.samples import sample_report

NAMES = ("minilm-ngram", "minilm-l6-v2", "char-ngram")


def benchmark(
    accuracies: Sequence[float], validation: Sequence[float], line: float = 0.3, pairs: tuple[PairResult, ...] = ()
) -> Report:
    """A benchmark of as many models; the first is chosen."""
    report = sample_report()
    candidates = []
    for item, right, checked in zip(report.candidates, accuracies, validation, strict=False):
        assert item.base is not None
        base = item.base.model_copy(
            update={
                "accuracy": right,
                "interval": (right - 0.1, right + 0.1),
                "majority_accuracy": line,
                "balanced_accuracy": right,
            }
        )
        candidates.append(
            item.model_copy(
                update={
                    "base": base,
                    "tuned": None,
                    "comparison": None,
                    "base_validation": Validation(accuracy=checked, interval=(0.2, 0.9)),
                }
            )
        )
    model = candidates[0].model
    return report.model_copy(
        update={
            "status": "benchmark",
            "candidates": tuple(candidates),
            "winner": WinnerResult(model=model, kind="base", base_model=model),
            "deployment": decided("not-asked"),
            "pairs": pairs,
        }
    )


@pytest.mark.parametrize(
    ("validation", "role"),
    [
        ((0.6, 0.5, 0.4), "best on the validation rows"),
        ((0.6, 0.6, 0.4), "tied on the validation rows with minilm-l6-v2"),
        ((0.6, 0.6, 0.6), "tied on the validation rows with minilm-l6-v2 and char-ngram"),
        ((0.5, 0.6, 0.4), "which the validation rows chose"),
    ],
)
def test_the_validation_rows_chose(validation: tuple[float, ...], role: str) -> None:
    said = headline(benchmark((0.575, 0.6, 0.4), validation))
    assert said == f"minilm-ngram, {role}, has 57.5% of 300 test rows right as it is; fine-tune before you decide."


@pytest.mark.parametrize(
    ("verdict", "second", "said"),
    [
        ("cannot be told", "minilm-l6-v2", "; minilm-l6-v2 (60.0%) is not told from it; "),
        ("as good", "minilm-l6-v2", "; minilm-l6-v2 (60.0%) is not told from it; "),
        ("better", "minilm-l6-v2", "; minilm-l6-v2 (60.0%) is shown to be better on the test rows; "),
        ("better", "minilm-ngram", "as it is; fine-tune"),
    ],
)
def test_other_models_that_may_be_as_good_are_named(verdict: Verdict, second: str, said: str) -> None:
    other = {"minilm-l6-v2": "minilm-ngram", "minilm-ngram": "minilm-l6-v2"}[second]
    report = benchmark((0.575, 0.6), (0.6, 0.5), pairs=(pair(other, second, verdict, "base"),))
    assert said in headline(report)
    assert "the best" not in headline(report)


def test_none_is_advised_only_where_none_is_above_the_constant_answer() -> None:
    ahead = (pair("minilm-ngram", "minilm-l6-v2", "better", "base"),)
    low = benchmark((0.025, 0.063), (0.6, 0.5), line=0.311, pairs=ahead)
    assert headline(low).startswith(
        "Use none of these models as it is, and fine-tune before you decide: even minilm-l6-v2, with 6.3% of 300 test "
        "rows right, is below always answering"
    )
    assert "minilm-ngram (2.5%) is below always answering" in answer(low)
    mixed = headline(benchmark((0.2, 0.6), (0.6, 0.5), pairs=ahead))
    assert mixed.startswith(
        "minilm-ngram, best on the validation rows, has 20.0% of 300 test rows right, less than always answering"
    )
    assert "; minilm-l6-v2 (60.0%) is shown to be better on the test rows; fine-tune before you decide." in mixed
    alone = headline(benchmark((0.2,), (0.6,)))
    assert alone.startswith(
        "Use none of these models as it is, and fine-tune before you decide: minilm-ngram, with 20.0%"
    )
