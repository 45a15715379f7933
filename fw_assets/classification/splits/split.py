"""Train, validation and test parts, decided by row content and seed: whole duplicate groups, label by label.

Each group belongs to one stratum, its rarest label (the label that iterative stratification, Sechidis et al.
2011, deals out first). Within a stratum the groups are ordered by a hash of their content, and the first ones
make up the part. The order of the file plays no role, and added rows only move rows at the cuts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.session import Session
from fw_assets.classification.splits.hash_random import uniform, uniform_of
from fw_assets.classification.values import Frozen, digest

TRAIN, VALIDATION, TEST, EXCLUDED = "train", "validation", "test", "excluded"
PARTS = (TRAIN, VALIDATION, TEST)
MIN_LARGE_GROUP = 20
"""Rows of a duplicate group, below which it cannot keep the parts from their sizes."""


class PartRows(Frozen):
    """Row counts of the parts."""

    train: int
    validation: int
    test: int
    excluded: int


class SplitFacts(Frozen):
    """Settings and outcome of a split; a part's digest changes with any row in it."""

    seed: int
    train_fraction: float
    validation_fraction: float
    eval_dataset: bool
    """Whether the test part is the evaluation dataset."""
    rows: PartRows
    train_digest: str
    validation_digest: str
    test_digest: str
    too_rare: tuple[tuple[str, int], ...]
    """Labels that are not in every part, with their count over all parts."""
    large_groups: int = 0
    """Duplicate groups of `MIN_LARGE_GROUP` rows and more none of which is a test row; 0 with an evaluation dataset."""
    large_group_rows: int = 0
    large_share: float = 0.0
    """Share of the rows that are in duplicate groups of at least `MIN_LARGE_GROUP` rows."""
    large_test_share: float = 0.0
    """The same of the test rows."""


def assign_split(
    frame: pl.DataFrame, session: Session, excluded: pl.Series | None = None, validation: pl.Series | None = None
) -> pl.Series:
    """The part of every row.

    With rows of the source "eval", those are the test part; otherwise `1 - train_fraction` of the rows,
    label by label, are. Then `validation_fraction` of the remaining rows are the validation part. A label
    with one group is in train only, with two in train and test (train and validation beside an evaluation
    dataset), with more in every part. Every label that can be is in train.

    Args:
        frame: columns `labels`, `group`, `source`, `digest`.
        session: fractions and seed.
        excluded: rows that belong to no part.
        validation: rows that are the validation part, with all rows of their groups; None has a part drawn for it.
    """
    parts = np.full(frame.height, TRAIN, dtype=object)
    is_eval = (frame["source"] == "eval").to_numpy()
    parts[is_eval] = TEST
    is_excluded = np.zeros(frame.height, dtype=bool) if excluded is None else excluded.to_numpy()
    to_divide = np.flatnonzero(~is_eval & ~is_excluded)
    rows = frame[to_divide].select("labels", "group", "digest")
    groups = _groups(rows)
    group_parts = np.full(groups.height, TRAIN, dtype=object)
    if validation is not None:
        given = rows["group"].filter(validation[to_divide]).unique()
        group_parts[groups["group"].is_in(given.implode()).to_numpy()] = VALIDATION
    if not is_eval.any():
        free = np.flatnonzero(group_parts == TRAIN)
        test = _draw(groups[free], 1 - session.train_fraction, session.seed, TEST, keep=2)
        group_parts[free[test]] = TEST
    if validation is None:
        remaining = np.flatnonzero(group_parts == TRAIN)
        drawn = _draw(groups[remaining], session.validation_fraction, session.seed, VALIDATION, keep=1)
        group_parts[remaining[drawn]] = VALIDATION
    row_parts = group_parts[np.searchsorted(groups["group"].to_numpy(), rows["group"].to_numpy())]
    parts[to_divide] = _every_label_in_train(rows, row_parts) if validation is None else row_parts
    parts[is_excluded] = EXCLUDED
    return pl.Series("split", parts.tolist(), dtype=pl.String)


def assign_halves(frame: pl.DataFrame, seed: int, purpose: str) -> pl.Series:
    """The part, validation or test, of rows that no label divides: of whole groups, half of the rows each.

    Args:
        frame: columns `labels`, all empty, `group` and `digest`.
        purpose: of the draw, which is independent of those with others.
    """
    groups = _groups(frame)
    drawn = groups["group"].gather(_draw(groups, 0.5, seed, purpose, keep=1))
    is_drawn = frame["group"].is_in(drawn.implode())
    return pl.select(pl.when(is_drawn).then(pl.lit(VALIDATION)).otherwise(pl.lit(TEST)).alias("part")).to_series()


def split_facts(
    frame: pl.DataFrame, labels: tuple[str, ...], session: Session, turn_fields: Mapping[str, str] | None = None
) -> SplitFacts:
    """Settings and outcome of the split of a frame.

    Args:
        frame: columns `id`, `source`, `labels`, `group`, `digest`, `weight` and `split`.
        labels: those that should be in every part.
        turn_fields: by id, the digest of a row's fields beside roles and texts (`turn_fields.turn_fields`).
    """
    sizes = {part: frame.filter(pl.col("split") == part).height for part in (*PARTS, EXCLUDED)}
    counts = {part: count_labels(frame.filter(pl.col("split") == part)) for part in PARTS}
    too_rare = tuple(
        (label, sum(counts[part].get(label, 0) for part in PARTS))
        for label in labels
        if not all(counts[part].get(label) for part in PARTS)
    )
    return SplitFacts(
        seed=session.seed,
        train_fraction=session.train_fraction,
        validation_fraction=session.validation_fraction,
        eval_dataset=bool((frame["source"] == "eval").any()),
        rows=PartRows(**sizes),
        train_digest=part_digest(frame, TRAIN, turn_fields or {}),
        validation_digest=part_digest(frame, VALIDATION, turn_fields or {}),
        test_digest=part_digest(frame, TEST, turn_fields or {}),
        too_rare=too_rare,
        **_large_groups(frame),
    )


def _large_groups(frame: pl.DataFrame) -> dict[str, Any]:
    if (frame["source"] == "eval").any():
        return {}
    is_test = pl.col("split") == TEST
    groups = (
        frame.filter(pl.col("split") != EXCLUDED)
        .group_by("group")
        .agg(pl.len().alias("size"), is_test.sum().alias("test"))
    )
    large = groups.filter(pl.col("size") >= MIN_LARGE_GROUP)
    outside = large.filter(pl.col("test") == 0)
    rows, test_rows = int(groups["size"].sum()), int(groups["test"].sum())
    return {
        "large_groups": outside.height,
        "large_group_rows": int(outside["size"].sum()),
        "large_share": int(large["size"].sum()) / rows if rows else 0.0,
        "large_test_share": int(large["test"].sum()) / test_rows if test_rows else 0.0,
    }


def part_digest(frame: pl.DataFrame, part: str, turn_fields: Mapping[str, str]) -> str:
    """A digest over ids and contents of one part's rows, whatever their order.

    A row's own digest covers roles, texts and truth. Its weight and its further fields, which are trained on too, are
    added where there are any.
    """
    rows = frame.filter(pl.col("split") == part).sort("id")
    ids = rows["id"].to_list()
    content = [ids, rows["digest"].to_list(), rows["labels"].to_list()]
    weights = rows["weight"].to_list() if rows["weight"].null_count() < rows.height else []
    fields = [[id, turn_fields[id]] for id in ids if id in turn_fields] if turn_fields else []
    return digest([*content, weights, fields] if weights or fields else content, 16)


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """One line per group: `size` in rows, `key` (its smallest digest), `stratum` (its rarest label)."""
    counts = count_labels(rows)
    # The last name is the stratum of rows without labels. Without it the mapping could be empty, which polars refuses.
    names = [*sorted(counts, key=lambda name: (counts[name], name)), ""]
    rank = pl.element().replace_strict(names, list(range(len(names))), return_dtype=pl.UInt32)
    return (
        rows.with_columns(pl.col("labels").list.eval(rank).list.min().alias("rank"))
        .group_by("group")
        .agg(pl.len().alias("size"), pl.col("digest").min().alias("key"), pl.col("rank").min())
        .sort("group")
        .with_columns(
            pl.col("rank")
            .fill_null(len(names) - 1)
            .replace_strict(list(range(len(names))), names, return_dtype=pl.String)
            .alias("stratum")
        )
    )


def _draw(groups: pl.DataFrame, fraction: float, seed: int, purpose: str, keep: int) -> NDArray[np.int64]:
    """Positions of the groups that make up `fraction` of the rows of each stratum.

    Groups larger than half their stratum's quota are drawn apart (`_draw_large`). A quota is rounded up or down by a
    hash of the stratum's name, which is right on average over many strata. At least one group is drawn, but `keep`
    groups stay (one where there are not more).
    """
    if groups.is_empty():
        return np.empty(0, dtype=np.int64)
    strata = groups["stratum"].unique().to_list()
    offset = _lookup(groups["stratum"], {name: uniform_of(name, seed, purpose) for name in strata})
    table = groups.with_row_index("position").with_columns(
        pl.Series("order", uniform(groups["key"], seed, purpose)), pl.Series("offset", offset)
    )
    quota = pl.max_horizontal(1, (pl.col("size").sum().over("stratum") * fraction + pl.col("offset")).floor())
    spare = pl.when(pl.len() > keep).then(pl.len().cast(pl.Int64) - keep).otherwise(pl.len().cast(pl.Int64) - 1)
    table = table.sort("stratum", "order", "key", "group").with_columns(
        quota.alias("quota"),
        spare.over("stratum").alias("spare"),
        (pl.col("size") > pl.max_horizontal(quota / 2, pl.col("size").min().over("stratum"))).alias("large"),
    )
    large = _draw_large(table.filter(pl.col("large")), fraction)
    small = table.filter(~pl.col("large"))
    if large.height:
        taken = large.group_by("stratum").agg(pl.len().cast(pl.Int64).alias("taken"))
        small = small.join(taken, on="stratum", how="left", maintain_order="left").with_columns(
            quota.alias("quota"), pl.col("spare") - pl.col("taken").fill_null(0)
        )
    small = small.with_columns(
        pl.col("size").cum_sum().over("stratum").alias("sum"),
        pl.int_range(1, pl.len() + 1).over("stratum").alias("nth"),
    )
    within = (pl.col("sum") - pl.col("size") / 2 <= pl.col("quota")) | (pl.col("nth") == 1)
    drawn = small.filter(within & (pl.col("nth") <= pl.col("spare")))
    return np.concatenate([part["position"].to_numpy().astype(np.int64) for part in (drawn, large)])


def _draw_large(large: pl.DataFrame, fraction: float) -> pl.DataFrame:
    """The groups, of those larger than half the quota of their stratum, that make up `fraction` of their rows.

    All strata together: the quota of one has no room for its own, and without any the part would be drawn from another
    population than the rows are.
    """
    ordered = (
        large.filter(pl.int_range(1, pl.len() + 1).over("stratum") <= pl.col("spare"))
        .sort("order", "key", "group")
        .with_columns(pl.col("size").cum_sum().alias("sum"))
    )
    return ordered.filter(pl.col("sum") - pl.col("size") / 2 <= fraction * int(large["size"].sum()))


def _lookup(names: pl.Series, values: Mapping[str, float]) -> pl.Series:
    return names.replace_strict(list(values), list(values.values()), return_dtype=pl.Float64)


def _every_label_in_train(rows: pl.DataFrame, part: NDArray[np.object_]) -> NDArray[np.object_]:
    """The parts, with the first group of each label that train would lack moved to train.

    That happens to a label that occurs only together with rarer ones: it has no stratum of its own.
    """
    table = rows.with_columns(pl.Series("part", part.tolist(), dtype=pl.String))
    exploded = table.select("labels", "group", "digest", "part").explode("labels").drop_nulls("labels")
    missing = (
        exploded.group_by("labels")
        .agg((pl.col("part") == TRAIN).any().alias("present"), pl.col("group").sort_by("digest").first())
        .filter(~pl.col("present"))
    )
    moved = np.isin(rows["group"].to_numpy(), missing["group"].to_numpy())
    return np.where(moved, TRAIN, part)
