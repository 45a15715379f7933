from __future__ import annotations

import dagster as dg
import pytest

from fw_assets.classification.metrics.scores import score
from fw_assets.pipeline.ui.score_metadata import score_metadata
from fw_assets_tests.classification.prediction_frames import random_single

LABELS = ["account", "billing", "sales"]


@pytest.mark.parametrize("repeated", [False, True])
def test_the_document_of_all_labels_counts_distinct_rows_where_some_are_repeated(repeated: bool) -> None:
    predictions = random_single(LABELS, 60, 3, accuracy=0.7)
    if repeated:
        predictions = predictions.vstack(predictions)
    shown = score_metadata(score(predictions, LABELS, False))["all_labels"]
    assert isinstance(shown, dg.MarkdownMetadataValue)
    text = shown.md_str or ""
    assert "| label | rows | right | interval | F1 |" in text
    assert ("distinct rows in brackets" in text) is repeated
