"""Label noise: rows whose label is improbable to a model trained on the other rows, and how many labels are wrong.

Confident learning (Northcutt, Jiang & Chuang 2021, JAIR) on out-of-sample probabilities p, whose threshold t of a label
is the mean p of that label over the rows that have it. It changes no label; a person decides.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.labels.label_doubts import (
    FOLDS,
    LabelDoubts,
    label_doubts,
    label_log_probabilities,
    wrong_share,
)
from fw_assets.classification.splits.hash_random import uniform
from fw_assets.classification.splits.split import EXCLUDED, TEST
from fw_assets.classification.values import Frozen, Interval
from fw_assets.classification.visible_text import printable

MIN_GROUPS = 4
"""Duplicate groups outside the test part that a label needs, so that every fold leaves some to learn from."""
MAX_ROWS = 100_000
MAX_LISTED = 1000
MAX_TEXT = 500
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
    """Rows of the training and validation parts that probably belong to another label: its p is above its t, and the
    highest of those."""
    doubted_test: int
    wrong: Interval | None = None
    """The estimated share of wrong labels among the judged rows of all parts, with its 95 % interval over duplicate
    groups. The interval does not hold what the model itself gets wrong. None where nothing is judged, and in values of
    versions that did not estimate it."""
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
    log_probabilities = label_log_probabilities(texts, gold, is_test, _folds(rows, seed))
    if log_probabilities is None:
        return LabelSuspects(judged=0, not_judged=count, doubted_train=0, doubted_test=0, suspects=())
    doubts = label_doubts(log_probabilities, gold, judged, is_test)
    return LabelSuspects(
        judged=int(judged.sum()),
        not_judged=count - int(judged.sum()),
        doubted_train=int((doubts.doubted & ~is_test).sum()),
        doubted_test=int((doubts.doubted & is_test).sum()),
        wrong=wrong_share(doubts.wrong[judged], rows["group"].to_numpy()[judged]),
        suspects=tuple(
            suspect
            for part in (~is_test, is_test)
            for suspect in _ranked(rows, texts, names, doubts, part & (doubts.doubted | (doubts.margins < 0)))
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


def _ranked(
    rows: pl.DataFrame,
    texts: Sequence[str],
    names: Sequence[str],
    doubts: LabelDoubts,
    listed: NDArray[np.bool_],
) -> Iterator[Suspect]:
    suspects = np.flatnonzero(listed)
    order = suspects[np.argsort(doubts.scores[suspects], kind="stable")][:MAX_LISTED]
    for rank, index in enumerate(order.tolist(), start=1):
        yield Suspect(
            part=rows["split"][index],
            rank=rank,
            id=rows["id"][index],
            labels=tuple(rows["labels"][index]),
            suggested=names[int(doubts.suggested[index])],
            margin=round(float(doubts.margins[index]), 4),
            text=texts[index][:MAX_TEXT],
        )
