"""Label noise: rows whose label is improbable to a model trained on the other rows, the least probable first.

The ranking is confident learning's normalised margin (Northcutt, Jiang & Chuang 2021, JAIR; "ranking by
normalized margin") on the logarithm of out-of-sample probabilities. The model is scikit-learn's multinomial naive
Bayes over TF-IDF of words and word pairs: on banking77 with 5 % of the labels flipped it put 100 flipped rows first,
in a quarter of a second. It changes no label; a person decides.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.splits.hash_random import uniform
from fw_assets.classification.splits.split import EXCLUDED, TEST
from fw_assets.classification.values import Frozen
from fw_assets.classification.visible_text import printable

FOLDS = 5
MIN_GROUPS = 4
"""Duplicate groups outside the test part that a label needs, so that every fold leaves some to learn from."""
MAX_ROWS = 100_000
MAX_LISTED = 1000
MAX_TEXT = 500
SMOOTHING = 0.05
"""Additive smoothing of the naive Bayes model."""
ABSENT_LOG_PROBABILITY = -1e3
"""Of a label without training rows in a fold; finite, so that margins stay numbers."""
WORD_PATTERN = r"(?u)\b\w+\b"
COLUMNS = ("part", "rank", "id", "labels", "suggested", "margin", "text")


class Suspect(Frozen):
    """A row whose label may be wrong."""

    part: str
    rank: int
    """1 for the least probable label; the test part is ranked apart from the others."""
    id: str
    labels: tuple[str, ...]
    suggested: str
    margin: float
    """Natural logarithm of the odds of the row's label (the least probable of several) over the suggested one."""
    text: str


class LabelSuspects(Frozen):
    """The suspects of the training and validation parts, then those of the test part."""

    judged: int
    """Rows whose labels enough other rows have."""
    not_judged: int
    doubted_train: int
    """Rows of the training and validation parts for which the model predicts another label."""
    doubted_test: int
    suspects: tuple[Suspect, ...]
    """At most `MAX_LISTED` of the test part and as many of the others."""


def find_suspects(frame: pl.DataFrame | pl.LazyFrame, seed: int) -> LabelSuspects:
    """Rank the rows of a split frame by the probability of their labels under a model of the other rows.

    Rows outside the test part are judged by cross-validation whose folds keep duplicate groups whole; test rows by
    a model of all the others, so that no model learns a test label. Of more than `MAX_ROWS` rows, that many are
    sampled by content hash, and only their messages are loaded when the frame is lazy.
    """
    count = frame.lazy().select(pl.len()).collect().item()
    usable = frame.lazy().filter((pl.col("split") != EXCLUDED) & (pl.col("labels").list.len() > 0))
    narrow = usable.select("id", "digest").collect(engine="streaming")
    if narrow.height > MAX_ROWS:
        order = np.argsort(uniform(narrow["digest"], seed, "label suspects"), kind="stable")
        sample = narrow["id"].gather(order[:MAX_ROWS])
        usable = usable.filter(pl.col("id").is_in(sample.implode()))
    rows = usable.collect(engine="streaming")
    is_test = (rows["split"] == TEST).to_numpy()
    names = _learnable(rows.filter(~pl.Series(is_test)))
    judged = rows["labels"].list.eval(pl.element().is_in(names)).list.all().to_numpy()
    if len(names) < 2 or not judged.any():
        return LabelSuspects(judged=0, not_judged=count, doubted_train=0, doubted_test=0, suspects=())
    texts = [input_text(messages) for messages in rows["messages"]]
    gold = _indicator(rows["labels"], names)
    margins, suggested = _margins(texts, gold, is_test, judged, _folds(rows, seed))
    return LabelSuspects(
        judged=int(judged.sum()),
        not_judged=count - int(judged.sum()),
        doubted_train=int((judged & ~is_test & (margins < 0)).sum()),
        doubted_test=int((judged & is_test & (margins < 0)).sum()),
        suspects=tuple(
            suspect
            for part in (judged & ~is_test, judged & is_test)
            for suspect in _ranked(rows, texts, names, margins, suggested, part)
        ),
    )


def suspects_csv(suspects: LabelSuspects, *, test: bool) -> str:
    """The suspects of the test part, or of the others, as CSV (`COLUMNS`).

    An apostrophe precedes text that a spreadsheet would run as a formula; invisible characters are U+FFFD.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for item in [suspect for suspect in suspects.suspects if (suspect.part == TEST) is test]:
        labels, suggested, text = map(_cell, (" | ".join(item.labels), item.suggested, item.text))
        writer.writerow((item.part, item.rank, item.id, labels, suggested, f"{item.margin:.4f}", text))
    return out.getvalue()


def _cell(text: str) -> str:
    text = printable(text)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def _learnable(rows: pl.DataFrame) -> list[str]:
    pairs = rows.select("labels", "group").explode("labels", empty_as_null=False, keep_nulls=False)
    counts = pairs.group_by("labels").agg(pl.col("group").n_unique().alias("groups"))
    return sorted(counts.filter(pl.col("groups") >= MIN_GROUPS)["labels"].to_list())


def _indicator(labels: pl.Series, names: Sequence[str]) -> NDArray[np.bool_]:
    """True where a row has a label, shape (rows, names); labels that are not in `names` are left out."""
    position = {name: index for index, name in enumerate(names)}
    out = np.zeros((len(labels), len(names)), dtype=bool)
    for row, row_labels in enumerate(labels.to_list()):
        out[row, [position[label] for label in row_labels if label in position]] = True
    return out


def _folds(rows: pl.DataFrame, seed: int) -> NDArray[np.int64]:
    """Each row's fold, the same for all rows of a duplicate group."""
    keys = rows.select(pl.col("digest").min().over("group")).to_series()
    return np.floor(uniform(keys, seed, "label suspects folds") * FOLDS).astype(np.int64)


def _margins(
    texts: Sequence[str],
    gold: NDArray[np.bool_],
    is_test: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    folds: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Margin and most probable other label of every row; the margin is infinite where the row is not judged."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, token_pattern=WORD_PATTERN)
    margins = np.full(len(texts), np.inf)
    suggested = np.zeros(len(texts), dtype=np.int64)
    try:
        vectorizer.fit([texts[int(index)] for index in np.flatnonzero(~is_test)])
    except ValueError:  # no word occurs twice
        return margins, suggested
    features = vectorizer.transform(texts)
    for fold in range(FOLDS + 1):  # the last one is the test part
        held_out = np.flatnonzero(judged & (is_test if fold == FOLDS else ~is_test & (folds == fold)))
        training = np.flatnonzero(~is_test & (folds != fold))
        if len(held_out):
            scores = _log_probabilities(features, gold, training, held_out)
            own = gold[held_out]
            others = np.where(own, -np.inf, scores)
            suggested[held_out] = others.argmax(axis=1)
            margins[held_out] = np.where(own, scores, np.inf).min(axis=1) - others.max(axis=1)
    return margins, suggested


def _log_probabilities(
    features: Any, gold: NDArray[np.bool_], training: NDArray[np.int64], held_out: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Log-probabilities of all labels for the held-out rows, by a model of the training rows.

    A training row with several labels counts as one row for each of them.
    """
    from sklearn.naive_bayes import MultinomialNB

    rows, labels = np.nonzero(gold[training])
    model = MultinomialNB(alpha=SMOOTHING).fit(features[training[rows]], labels)
    out = np.full((len(held_out), gold.shape[1]), ABSENT_LOG_PROBABILITY)
    out[:, model.classes_] = model.predict_log_proba(features[held_out])
    return out


def _ranked(
    rows: pl.DataFrame,
    texts: Sequence[str],
    names: Sequence[str],
    margins: NDArray[np.float64],
    suggested: NDArray[np.int64],
    part: NDArray[np.bool_],
) -> Iterator[Suspect]:
    doubted = np.flatnonzero(part & (margins < 0))
    order = doubted[np.argsort(margins[doubted], kind="stable")][:MAX_LISTED]
    for rank, index in enumerate(order.tolist(), start=1):
        yield Suspect(
            part=rows["split"][index],
            rank=rank,
            id=rows["id"][index],
            labels=tuple(rows["labels"][index]),
            suggested=names[int(suggested[index])],
            margin=round(float(margins[index]), 4),
            text=texts[index][:MAX_TEXT],
        )
