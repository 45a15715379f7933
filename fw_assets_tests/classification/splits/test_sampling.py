"""Stratified samples."""

from __future__ import annotations

import polars as pl
import pytest

from fw_assets.classification.splits.sampling import sample_positions, sampling_keys, stratified_sample

ROWS = pl.DataFrame(
    {
        "id": [f"train:{i + 1}" for i in range(600)],
        "digest": [f"{i * 7919 % 997:03x}" for i in range(600)],
        "labels": [["often"] if i % 6 else ["a", "b"] if i % 12 else ["rare"] for i in range(600)],
    }
)


def test_every_label_set_has_its_share_and_rows_keep_their_order() -> None:
    sample = stratified_sample(ROWS, 60, 1)
    counts = dict(sample["labels"].list.join(" ").value_counts().iter_rows())
    assert counts == {"often": 50, "a b": 5, "rare": 5}
    assert sample["id"].to_list() == ROWS.join(sample, on="id", how="semi", maintain_order="left")["id"].to_list()
    assert not sample.equals(stratified_sample(ROWS, 60, 2))
    assert stratified_sample(ROWS, 600, 1).equals(ROWS)


@pytest.mark.parametrize("size", [1, 7, 600])
def test_keys_computed_in_parts_draw_the_same_rows(size: int) -> None:
    keys = pl.concat([sampling_keys(part, 1) for part in ROWS.iter_slices(size)])
    assert ROWS[sample_positions(keys, 60)].equals(stratified_sample(ROWS, 60, 1))
