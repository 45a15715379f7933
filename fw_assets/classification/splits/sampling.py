"""Stratified samples of training rows, the same for the same rows and seed."""

from __future__ import annotations

import hashlib

import polars as pl


def stratified_sample(frame: pl.DataFrame, max_rows: int, seed: int) -> pl.DataFrame:
    """At most `max_rows` rows of a split frame, in their order, each label (or label set) in its proportion.

    Every label keeps at least one row as far as `max_rows` allows. Within a label the rows come in the order of a hash
    of their content and the seed, so that adding rows to the frame replaces few rows of the sample.
    """
    if frame.height <= max_rows:
        return frame
    return frame[sample_positions(sampling_keys(frame, seed), max_rows)]


def sampling_keys(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The stratum and the hash (`order`) by which rows of a split frame are sampled, 12 bytes per row."""
    order = [
        int.from_bytes(hashlib.blake2b(f"{seed}:{digest}:{row_id}".encode(), digest_size=8).digest(), "big")
        for digest, row_id in frame.select("digest", "id").iter_rows()
    ]
    stratum = pl.col("labels").list.join("\x1f").cast(pl.Categorical).alias("stratum")
    return frame.select(stratum, pl.Series("order", order, dtype=pl.UInt64))


def sample_positions(keys: pl.DataFrame, max_rows: int) -> list[int]:
    """The ascending positions of a sample of at most `max_rows` rows, given the `sampling_keys` of all rows."""
    position = pl.int_range(pl.len(), dtype=pl.Int64)
    ranked = (
        keys.with_columns(position.alias("position"))
        .sort("stratum", "order")
        .with_columns(position.over("stratum").alias("rank"), pl.len().over("stratum").alias("size"))
        .with_columns(
            pl.when(pl.col("rank") == 0).then(0.0).otherwise((pl.col("rank") + 0.5) / pl.col("size")).alias("share")
        )
    )
    return ranked.sort("share", "order").head(max_rows)["position"].sort().to_list()
