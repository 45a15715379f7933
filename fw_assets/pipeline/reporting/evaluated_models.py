"""Evaluated models of a workspace, and the one that a person names: `DATASET/MODEL:KIND`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from fw_assets.classification.errors import input_error
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace

MAX_NAMED = 20
"""Models that an error lists."""
_FILE = re.compile(r"(?P<slug>.+)-(?P<kind>base|tuned|tuned-on-\d+pct|baseline)-test\.parquet")
_PREFERRED_KINDS = ("tuned", "base", "baseline")


@dataclass(frozen=True)
class EvaluatedModel:
    """A model with predictions on the test rows of a dataset."""

    dataset: str
    slug: str
    kind: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.slug}:{self.kind}"


def evaluated_models(store: Workspace) -> list[EvaluatedModel]:
    """Every evaluated model, by dataset."""
    matches = [
        (dataset, _FILE.fullmatch(file)) for dataset in store.datasets() for file in store.names(dataset, "predictions")
    ]
    return [EvaluatedModel(dataset, match["slug"], match["kind"]) for dataset, match in matches if match]


def find_model(store: Workspace, text: str) -> EvaluatedModel:
    """The model of `DATASET` (its winner), `DATASET/MODEL` (fine-tuned if it was) or `DATASET/MODEL:KIND`.

    Raises:
        InputError: there is none; the message lists those that there are.
    """
    if not text.strip():
        raise input_error("A and B are each DATASET, DATASET/MODEL or DATASET/MODEL:KIND", field="MODEL")
    name, _, kind = text.partition(":")
    dataset, _, slug = name.partition("/")
    if dataset and not slug and not kind:
        record = store.read("deployment", dataset, DeploymentRecord)
        if record is not None:
            return EvaluatedModel(dataset, record.winner.model, record.winner.kind)
    models = evaluated_models(store)
    matches = [item for item in models if item.dataset == dataset and item.slug == slug and kind in ("", item.kind)]
    if not matches:
        raise input_error(_not_found(store, text, dataset, models), field="MODEL")
    kinds = _PREFERRED_KINDS
    return min(matches, key=lambda item: kinds.index(item.kind) if item.kind in kinds else len(kinds))


def _not_found(store: Workspace, text: str, dataset: str, models: list[EvaluatedModel]) -> str:
    of_dataset = [str(item) for item in models if item.dataset == dataset]
    if text != dataset or dataset not in store.datasets():
        why = f"no evaluated model is called {text!r}"
    elif of_dataset:
        why = f"{dataset} has no winner yet: name one of its models"
    else:
        why = f"nothing of {dataset} is evaluated yet"
    names = of_dataset or [str(item) for item in models]
    similar = difflib.get_close_matches(text, names, n=1, cutoff=0.8)
    guess = f" Did you mean {similar[0]}?" if similar else ""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{why}; evaluated so far: {', '.join(names[:MAX_NAMED]) or 'nothing yet'}{more}.{guess}"
