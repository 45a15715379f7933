"""The n-gram encoder's base logits are the same however its label names are held."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fw_assets.embedded.engine.features import ngram_encoder
from fw_assets.embedded.engine.features.ngram_encoder import NgramTextEncoder

LABELS = [f"topic {number * 7919 % 1009} of {number}" for number in range(200)]
TEXTS = ["topic 12 of mine", "", "what is topic 500?", "of 7"]


def test_dense_and_sparse_label_names_give_equal_logits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = NgramTextEncoder(tmp_path)
    encoded = encoder.encode(TEXTS, 256)
    logits = []
    for limit in (0, 10**9):
        monkeypatch.setattr(ngram_encoder, "_MAX_DENSE_CELLS", limit)
        ngram_encoder._label_ngrams.cache_clear()
        logits.append(encoder.base_logits(encoded, LABELS))
    ngram_encoder._label_ngrams.cache_clear()
    assert np.array_equal(logits[0], logits[1])


def test_many_long_label_names_take_little_memory(tmp_path: Path) -> None:
    # As an array, 90,000 n-grams times 3,000 labels would have a gigabyte.
    labels = [
        "".join(chr(0x4E00 + (row * 31 + column * 7919) % 20_000) for column in range(12)) for row in range(3_000)
    ]
    encoder = NgramTextEncoder(tmp_path)
    encoded = encoder.encode(TEXTS, 256)
    tracemalloc.start()
    assert encoder.base_logits(encoded, labels).shape == (len(TEXTS), len(labels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20
