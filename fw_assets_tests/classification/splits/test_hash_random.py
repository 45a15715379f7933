"""Pseudo-random numbers from content."""

from __future__ import annotations

from hashlib import sha256

import polars as pl
import pytest

from fw_assets.classification.splits.hash_random import uniform, uniform_of


def test_pseudo_random_numbers_are_uniform_and_independent_by_purpose() -> None:
    digests = pl.Series([sha256(str(i).encode()).hexdigest()[:16] for i in range(20_000)])
    one, other = uniform(digests, 1, "one"), uniform(digests, 1, "other")
    assert one.mean() == pytest.approx(0.5, abs=0.01)
    assert ((one < 0.1) & (other < 0.1)).mean() == pytest.approx(0.01, abs=0.004)
    assert one.min() >= 0
    assert one.max() < 1
    assert uniform_of("a", 1, "one") != uniform_of("a", 2, "one")
