"""Any two evaluated models on the test rows that they share, whichever datasets they were evaluated for."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.errors import input_error
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.scores import Scores, score
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.predictions import predictions
from fw_assets.workspace.workspace import Workspace

_FILE = re.compile(r"(?P<slug>.+)-(?P<kind>base|tuned|tuned-on-\d+pct|baseline)-test\.parquet")

MAX_NAMED = 20
"""Models that an error lists."""


@dataclass(frozen=True)
class Named:
    """An evaluated model: `DATASET/MODEL:KIND`."""

    dataset: str
    slug: str
    kind: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.slug}:{self.kind}"


@dataclass(frozen=True)
class ModelPair:
    """The second against the first on the rows that both were tested on."""

    first: Named
    second: Named
    first_scores: Scores
    second_scores: Scores
    comparison: Comparison
    rows: tuple[int, int]
    """Test rows of each in all."""


def evaluated(store: Workspace) -> list[Named]:
    """Every model with test predictions, by dataset."""
    found = []
    for dataset in store.datasets():
        for file in store.names(dataset, "predictions"):
            match = _FILE.fullmatch(file)
            if match:
                found.append(Named(dataset, match["slug"], match["kind"]))
    return found


def resolve(store: Workspace, text: str) -> Named:
    """What `DATASET` (its winner), `DATASET/MODEL` (fine-tuned if it was) or `DATASET/MODEL:KIND` names.

    Raises:
        InputError: nothing, with what there is.
    """
    known = evaluated(store)
    if not text.strip():
        raise input_error("A and B are each DATASET, DATASET/MODEL or DATASET/MODEL:KIND", field="MODEL")
    name, _, kind = text.partition(":")
    dataset, _, slug = name.partition("/")
    if dataset and not slug and not kind:
        record = store.read("deployment", dataset, DeploymentRecord)
        if record is not None:
            return Named(dataset, record.winner.model, record.winner.kind)
    fitting = [item for item in known if item.dataset == dataset and item.slug == slug and kind in ("", item.kind)]
    order = ("tuned", "base", "baseline")
    fitting.sort(key=lambda item: order.index(item.kind) if item.kind in order else len(order))
    if not fitting:
        raise input_error(_unknown(store, text, dataset, known), field="MODEL")
    return fitting[0]


def _unknown(store: Workspace, text: str, dataset: str, known: list[Named]) -> str:
    """Why nothing is called so, with what there is: of the dataset, where there is such a dataset, else of all."""
    here = [str(item) for item in known if item.dataset == dataset]
    if text == dataset and dataset in store.datasets():
        why = (
            f"{dataset} has no winner yet: name one of its models" if here else f"nothing of {dataset} is evaluated yet"
        )
    else:
        why = f"no evaluated model is called {text!r}"
    names = here or [str(item) for item in known]
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.8)
    guess = f" Did you mean {near[0]}?" if near else ""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{why}; evaluated so far: {', '.join(names[:MAX_NAMED]) or 'nothing yet'}{more}.{guess}"


def compare_models(store: Workspace, first: Named, second: Named) -> ModelPair:
    """The comparison on the rows that both were tested on, matched by their content.

    Raises:
        InputError: they share no test row, or the shared rows have other labels in the other dataset.
    """
    labels = [store.require("label_set", item.dataset, LabelSet) for item in (first, second)]
    if labels[0].multi_label != labels[1].multi_label:
        raise input_error(f"{first} and {second} cannot be compared: only one of them may give several labels a row")
    frames = [_by_content(store, item) for item in (first, second)]
    shared = frames[0].select("id").join(frames[1].select("id"), on="id", how="inner")
    if not shared.height:
        raise input_error(f"{first} and {second} share no test row, so there is nothing to compare them on")
    one, two = (frame.join(shared, on="id", how="semi").sort("id") for frame in frames)
    union = tuple(dict.fromkeys([*labels[0].labels, *labels[1].labels]))
    try:
        comparison = compare(one, two, labels=union)
    except ValueError as error:
        raise input_error(f"{first} and {second} cannot be compared: {error}") from None
    return ModelPair(
        first=first,
        second=second,
        first_scores=score(one, union, labels[0].multi_label),
        second_scores=score(two, union, labels[0].multi_label),
        comparison=comparison,
        rows=(frames[0].height, frames[1].height),
    )


def _by_content(store: Workspace, item: Named) -> pl.DataFrame:
    """The test predictions with the rows' content digest as their id; of equal rows the first."""
    columns = (*COMPARED_COLUMNS, "lenient_outcome")
    found = predictions(store, item.dataset, item.slug, item.kind, "test", columns)
    content = store.scan_frame(item.dataset, "assets", "label_set.parquet").select("id", "digest").collect()
    joined = found.join(content, on="id", how="left", maintain_order="left")
    return joined.with_columns(id="digest").drop("digest").unique("id", keep="first", maintain_order=True)
