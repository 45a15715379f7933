"""Shortlists of decisions: the labels nearest to each row, where a server takes fewer options than there are labels.

Chosen by sentence embeddings of training rows alone; validation rows measure how often the right label is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from fw_assets.classification.arms.label_centroids import LabelCentroids, label_centroids
from fw_assets.classification.arms.neighbours import unit_vectors
from fw_assets.classification.arms.shortlist_source import RowShortlist, ShortlistSource
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.classification.values import digest
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.planning.examples import MAX_EMBEDDED
from fw_assets.pipeline.platform.platform import ENCODER, Platform
from fw_assets.workspace.dataset_rows import shortlist_paths
from fw_assets.workspace.workspace import Workspace

OptionsOf = Callable[[str], Sequence[str]]
"""From a row's messages (JSON array) to the labels that it is asked among."""
_ASKED = ("validation", "test", OUT_OF_SCOPE)


def make_shortlists(
    store: Workspace,
    platform: Platform,
    dataset: str,
    frame: pl.DataFrame,
    prompt: Prompt,
    labels: LabelSet,
    options: Mapping[str, int],
    seed: int,
) -> ShortlistSource | None:
    """The shortlists of the rows that are asked, stored; None where no model needs one.

    Args:
        frame: split rows.
        options: by row of the comparison, how many options it takes.
    """
    if not options:
        return None
    most, split = max(options.values()), labels.split
    content = [split.train_digest, split.validation_digest, split.test_digest, list(prompt.labels), ENCODER, most, seed]
    content += [labels.out_of_scope.digest] if labels.out_of_scope else []
    chosen = digest(content)
    paths = shortlist_paths(dataset, chosen)
    if not all(store.exists(*path) for path in paths):
        vectors = unit_vectors(platform.embed)
        train = frame.filter(pl.col("split") == "train")
        train = stratified_sample(train, MAX_EMBEDDED, seed) if train.height > MAX_EMBEDDED else train
        centroids = label_centroids(prompt.labels, _texts(train), train["labels"].to_list(), vectors)
        asked = frame.filter(pl.col("split").is_in(_ASKED)).unique("messages", maintain_order=True)
        found = centroids.nearest(np.asarray(vectors(_texts(asked)), np.float32), most)
        places = pl.DataFrame(
            {"messages": asked["messages"], "nearest": pl.Series(found, dtype=pl.List(pl.UInt16))},
        )
        for part, path in zip((centroids.frame(), places), paths, strict=True):
            store.write_frame(part, *path)
    rows = frame.filter(pl.col("split") == "validation").select("messages", "labels")
    nearest = _nearest_labels(store, dataset, chosen)
    return ShortlistSource(
        digest=chosen,
        rows=tuple(
            RowShortlist(
                model=model,
                options=number,
                labels=len(prompt.labels),
                found=sum(set(own) <= set(nearest(messages, number)) for messages, own in rows.iter_rows()),
                rows=rows.height,
            )
            for model, number in options.items()
        ),
    )


def stored_options(store: Workspace, dataset: str, prompt: Prompt) -> OptionsOf | None:
    """The options of the rows of a plan; None where all labels are."""
    if prompt.shortlist is None:
        return None
    nearest, number = _nearest_labels(store, dataset, prompt.shortlist.digest), prompt.shortlist.options
    return lambda messages: nearest(messages, number)


def served_options(store: Workspace, platform: Platform, dataset: str, prompt: Prompt) -> OptionsOf | None:
    """The options of new texts; None where all labels are.

    Raises:
        PhaseError: the encoder that chose those of the evaluation is not on this machine.
    """
    if prompt.shortlist is None:
        return None
    if missing := platform.missing_encoder:
        raise PhaseError(f"what serves {dataset} is asked among the labels that {ENCODER} chooses: {missing}")
    centroids = LabelCentroids.from_frame(store.read_frame(*shortlist_paths(dataset, prompt.shortlist.digest)[0]))
    vectors, number = unit_vectors(platform.embed), prompt.shortlist.options

    def options(messages: str) -> Sequence[str]:
        (places,) = centroids.nearest(np.asarray(vectors([input_text(messages)]), np.float32), number)
        return [centroids.labels[place] for place in places]

    return options


def _nearest_labels(store: Workspace, dataset: str, source: str) -> Callable[[str, int], list[str]]:
    """From a row's messages and a number to so many of its nearest labels."""
    labels, rows = (store.read_frame(*path) for path in shortlist_paths(dataset, source))
    names = labels["label"].to_list()
    places: Mapping[str, list[int]] = dict(rows.iter_rows())
    return lambda messages, number: [names[place] for place in places[messages][:number]]


def _texts(rows: pl.DataFrame) -> list[str]:
    return [input_text(messages) for messages in rows["messages"]]
