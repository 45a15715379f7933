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
        "group": list(range(len(predicted))),
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
    assert set(single.model_dump()) >= {
        "rows", "scored", "complete", "outcomes", "accuracy", "coverage", "answered_accuracy", "lenient_accuracy",
        "macro_f1", "weighted_f1", "balanced_accuracy", "mcc", "majority_accuracy", "per_label",
        "labels_without_rows", "confusion", "most_confused", "multi",
    }  # fmt: skip
    several = scores(["a", "b"], multi_label=True).multi
    assert several is not None
    assert set(several.model_dump()) >= {
        "subset_accuracy", "jaccard", "hamming", "micro_precision", "micro_recall", "micro_f1", "macro_f1",
        "mean_gold", "mean_predicted",
    }  # fmt: skip


def test_shown_metrics_depend_on_the_data_and_have_a_value() -> None:
    single, several, empty = scores(["a", "b"]), scores(["a", "b"], multi_label=True), scores([])
    shown = [set(shown_values(each, each.multi)) for each in (single, several, empty)]
    assert ["mcc" in names for names in shown] == [True, False, False]
    assert ["jaccard" in names for names in shown] == [False, True, False]
    assert ["majority_accuracy" in names for names in shown] == [True, True, True]
    assert ["weighted_f1" in names for names in shown] == [False, False, False]
