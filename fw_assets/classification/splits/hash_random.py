"""Pseudo-random numbers from content: the same for a row, seed and purpose in every process and on every machine."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.splits.shingles import mix


def uniform(digests: pl.Series, seed: int, purpose: str) -> NDArray[np.float64]:
    """A number in [0, 1) per digest.

    Args:
        digests: hexadecimal; the first 16 digits count.
        purpose: decisions of different purpose are independent of each other.
    """
    salt = hashlib.sha256(f"{purpose}:{seed}".encode()).digest()[:8]
    values = digests.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
    return (mix(mix(values ^ np.uint64(int.from_bytes(salt, "big")))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uniform_of(name: str, seed: int, purpose: str) -> float:
    """`uniform` for one name."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return float(uniform(pl.Series([digest]), seed, purpose)[0])
