"""Nearest labels against scikit-learn's neighbours of the mean vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from fw_assets.classification.arms.label_centroids import LabelCentroids, label_centroids

LABELS = ("a", "b", "c", "d")


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Counts of letters at length 1."""
    counts = np.array([[text.count(letter) + 0.01 for letter in "abcdxy"] for text in texts], np.float32)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)


ROWS = st.lists(st.tuples(st.text("abcdxy", min_size=1, max_size=8), st.sampled_from(LABELS)), max_size=20)


@given(ROWS, st.lists(st.text("abcdxy", min_size=1, max_size=8), min_size=1, max_size=8), st.integers(1, 4))
def test_the_nearest_labels_are_those_of_the_nearest_means(
    rows: list[tuple[str, str]], asked: list[str], number: int
) -> None:
    centroids = label_centroids(LABELS, [text for text, _ in rows], [[label] for _, label in rows], vectors)
    means = []
    for label in LABELS:
        own = [text for text, of in rows if of == label] or [label]
        means.append(vectors(own).astype(np.float64).mean(axis=0))
    oracle = NearestNeighbors(n_neighbors=number, metric="cosine").fit(np.array(means))
    distances, _ = oracle.kneighbors(vectors(asked))
    every = 1 - vectors(asked) @ (np.array(means) / np.linalg.norm(means, axis=1, keepdims=True)).T
    for row, places in enumerate(centroids.nearest(vectors(asked), number)):
        assert len(set(places)) == number
        # Equally near labels may stand in either order.
        assert np.allclose(every[row][places], distances[row], atol=1e-4)


def test_centroids_are_stored_and_read() -> None:
    centroids = label_centroids(LABELS, ["ab", "cc"], [["a", "b"], ["c"]], vectors)
    read = LabelCentroids.from_frame(centroids.frame())
    assert read.labels == LABELS
    assert np.array_equal(read.matrix, centroids.matrix)
    assert centroids.frame().schema["vector"] == pl.List(pl.Float32)
