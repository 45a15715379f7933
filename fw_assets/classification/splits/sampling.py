"""A stratified sample of training rows that is the same for the same rows and seed."""

from __future__ import annotations

import hashlib

import polars as pl


def stratified_sample(frame: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """At most `most` rows of a SPLIT frame, in their order, each label (or label set) in its proportion.

    Every label keeps at least one row as far as `most` allows. Within a label the rows come in the order of a hash
    of their content and the seed, so that adding rows changes few of the chosen ones.
    """
    if frame.height <= most:
        return frame
    return frame[chosen_places(sampling_keys(frame, seed), most)]


def sampling_keys(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """What a sample is drawn by, for rows of a SPLIT frame: `stratum` and `order`, 12 bytes a row."""
    order = [
        int.from_bytes(hashlib.blake2b(f"{seed}:{made}:{row}".encode(), digest_size=8).digest(), "big")
        for made, row in frame.select("digest", "id").iter_rows()
    ]
    stratum = pl.col("labels").list.join("\x1f").cast(pl.Categorical).alias("stratum")
    return frame.select(stratum, pl.Series("order", order, dtype=pl.UInt64))


def chosen_places(keys: pl.DataFrame, most: int) -> list[int]:
    """The places, in their order, of the at most `most` rows that are drawn by these keys (`sampling_keys`)."""
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    ranked = (
        keys.with_columns(place.alias("place"))
        .sort("stratum", "order")
        .with_columns(place.over("stratum").alias("rank"), pl.len().over("stratum").alias("size"))
        .with_columns(
            pl.when(pl.col("rank") == 0).then(0.0).otherwise((pl.col("rank") + 0.5) / pl.col("size")).alias("share")
        )
    )
    return ranked.sort("share", "order").head(most)["place"].sort().to_list()
