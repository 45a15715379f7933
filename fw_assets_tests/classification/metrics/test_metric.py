from __future__ import annotations

import polars as pl
import pytest
from pydantic import BaseModel

from fw_assets.classification.metrics.label_metrics import LabelMetrics
from fw_assets.classification.metrics.metric import declared_metrics, shown_values
from fw_assets.classification.metrics.multilabel_scores import SetMetrics
from fw_assets.classification.metrics.scores import Scores, score

LABELS = ("a", "b")


def scores(predicted: list[str], *, multi_label: bool = False) -> Scores:
    """Scores of rows that are all labelled `a`."""
    rows = {
        "gold": [["a"]] * len(predicted),
        "predicted": [[label] for label in predicted],
        "outcome": ["correct" if label == "a" else "wrong_label" for label in predicted],
        "lenient_outcome": ["correct" if label == "a" else "wrong_label" for label in predicted],
    }
    return score(pl.DataFrame(rows), LABELS, multi_label)


@pytest.mark.parametrize("kind", [LabelMetrics, SetMetrics])
def test_every_field_declares_its_metric(kind: type[BaseModel]) -> None:
    metrics = declared_metrics(kind)
    assert list(metrics) == list(kind.model_fields)
    for metric in metrics.values():
        assert metric.meaning.endswith(".")
        assert format(0.5, metric.format)


def test_stored_scores_have_the_keys_that_workspaces_hold() -> None:
    single = scores(["a", "b"])
    assert set(single.model_dump()) == {
        "rows", "scored", "complete", "outcomes", "accuracy", "coverage", "answered_accuracy", "lenient_accuracy",
        "macro_f1", "weighted_f1", "balanced_accuracy", "mcc", "majority_accuracy", "per_label",
        "labels_without_rows", "confusion", "most_confused", "multi",
    }  # fmt: skip
    several = scores(["a", "b"], multi_label=True).multi
    assert several is not None
    assert set(several.model_dump()) == {
        "subset_accuracy", "jaccard", "hamming", "micro_precision", "micro_recall", "micro_f1", "macro_f1",
        "mean_gold", "mean_predicted",
    }  # fmt: skip


def test_what_is_shown_depends_on_the_data_and_has_a_value() -> None:
    single, several = scores(["a", "b"]), scores(["a", "b"], multi_label=True)
    assert list(shown_values(single, single.multi)) == [
        "coverage", "lenient_accuracy", "macro_f1", "balanced_accuracy", "mcc", "majority_accuracy",
    ]  # fmt: skip
    assert list(shown_values(several, several.multi)) == [
        "coverage", "lenient_accuracy", "macro_f1", "majority_accuracy",
        "jaccard", "hamming", "micro_f1", "mean_gold", "mean_predicted",
    ]  # fmt: skip
    empty = scores([])
    assert "mcc" not in shown_values(empty, empty.multi)
