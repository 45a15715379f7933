"""Two evaluated models on the rows they share, by content, whichever dataset each belongs to."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel

from fw_assets.classification.errors import InputError
from fw_assets.classification.prompting.answer_parser import PREDICTIONS
from fw_assets.pipeline.reporting.compare import compare_models
from fw_assets.pipeline.reporting.evaluated_models import EvaluatedModel, evaluated_models, find_model
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.workspace import Workspace


class Labels(BaseModel, extra="allow"):
    """As much of a label set as is read."""

    labels: tuple[str, ...] = ("a", "b")
    multi_label: bool = False


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def put(store: Workspace, dataset: str, slug: str, kind: str, answers: dict[str, str], **labels: object) -> None:
    """Predictions by content digest; every row's label is `a`."""
    ids = [f"{dataset}:{i}" for i in range(len(answers))]
    records = []
    for position, (row_id, answer) in enumerate(zip(ids, answers.values(), strict=True)):
        outcome = "correct" if answer == "a" else "wrong_label"
        values = (row_id, ["a"], [answer], outcome, False, outcome, answer, "stop", None, None, 1, 1, position)
        records.append(values)
    frame = pl.DataFrame(records, schema=PREDICTIONS, orient="row")
    store.write_frame(frame, *prediction_path(dataset, slug, kind, "test"))
    store.write_frame(pl.DataFrame({"id": ids, "digest": list(answers)}), dataset, "assets", "label_set.parquet")
    store.write("label_set", dataset, Labels(**labels), inputs="")
    store.write("registration", dataset, Labels(), inputs="")


def test_only_rows_that_both_were_tested_on_count(store: Workspace) -> None:
    put(store, "one", "m", "base", {"r1": "a", "r2": "b", "r3": "b", "r4": "a"})
    put(store, "two", "n", "tuned", {"r3": "a", "r2": "a", "r9": "b", "r1": "a"}, labels=("b", "a", "c"))
    pair = compare_models(store, EvaluatedModel("one", "m", "base"), EvaluatedModel("two", "n", "tuned"))
    assert pair.comparison.rows == 3
    assert (pair.comparison.gained, pair.comparison.lost) == (2, 0)
    assert pair.first_scores.accuracy.value == pytest.approx(1 / 3)
    assert pair.second_scores.accuracy.value == 1
    assert pair.rows == (4, 4)


def test_names_find_the_fine_tuned_model_first(store: Workspace) -> None:
    put(store, "one", "m", "base", {"r1": "a"})
    put(store, "one", "m", "tuned", {"r1": "a"})
    put(store, "one", "tfidf", "baseline", {"r1": "a"})
    assert {str(item) for item in evaluated_models(store)} == {"one/m:base", "one/m:tuned", "one/tfidf:baseline"}
    assert str(find_model(store, "one/m")) == "one/m:tuned"
    assert str(find_model(store, "one/m:base")) == "one/m:base"
    assert str(find_model(store, "one/tfidf")) == "one/tfidf:baseline"
    with pytest.raises(InputError, match="evaluated so far: one/m:base"):
        find_model(store, "one/other")
    with pytest.raises(InputError, match=r"Did you mean one/m:base\?"):
        find_model(store, "one/m/base")
    with pytest.raises(InputError, match="one has no winner yet: name one of its models"):
        find_model(store, "one")


def test_without_a_shared_row_there_is_an_error(store: Workspace) -> None:
    put(store, "one", "m", "base", {"r1": "a"})
    put(store, "two", "m", "base", {"r2": "a"})
    with pytest.raises(InputError, match="share no test row"):
        compare_models(store, EvaluatedModel("one", "m", "base"), EvaluatedModel("two", "m", "base"))
    put(store, "two", "m", "base", {"r1": "a"}, multi_label=True)
    with pytest.raises(InputError, match="several labels"):
        compare_models(store, EvaluatedModel("one", "m", "base"), EvaluatedModel("two", "m", "base"))
