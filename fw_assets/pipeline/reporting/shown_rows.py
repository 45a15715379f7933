"""Test rows by content: which of them two looks share. Up to `MAX_DIGESTS` texts are kept, of more a sample."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.report.schema.looks import Look
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.workspace import Workspace

FOLDER = ".shown_rows"
"""In the workspace's folder: one file per digest of test rows, up to a quarter of a megabyte each."""
MAX_DIGESTS = 16_384

Digests = NDArray[np.uint64]


class _Split(msgspec.Struct):
    test_digest: str


class _LabelSet(msgspec.Struct):
    split: _Split


@dataclass(frozen=True)
class ShownRows:
    """Rows by the digest of their text.

    Of many texts those are kept whose digest begins with `level` zero bits, so that any two sets have the same sample
    of the texts that they share.

    Attributes:
        rows: all of them, copies too.
        digests: ascending, of distinct texts; counts: rows of each.
    """

    rows: int
    level: int
    digests: Digests
    counts: Digests

    @classmethod
    def of(cls, texts: Iterable[str]) -> ShownRows:
        every = np.fromiter(map(_digest, texts), dtype=np.uint64)
        digests, counts = np.unique(every, return_counts=True)
        level, inside = 0, _at_level(digests, 0)
        while inside.sum() > MAX_DIGESTS:
            level += 1
            inside = _at_level(digests, level)
        return cls(every.size, level, digests[inside], counts[inside].astype(np.uint64))

    @classmethod
    def decode(cls, data: bytes) -> ShownRows | None:
        """What `encode` wrote; None where it is damaged."""
        if len(data) < 16 or len(data) % 16:
            return None
        numbers = np.frombuffer(data, dtype="<u8").astype(np.uint64)
        half = numbers.size // 2
        digests, counts = numbers[1:half], numbers[half + 1 :]
        if not (digests[1:] > digests[:-1]).all() or numbers[half] > 64:
            return None
        return cls(int(numbers[0]), int(numbers[half]), digests, counts)

    def encode(self) -> bytes:
        head, level = np.array([self.rows], np.uint64), np.array([self.level], np.uint64)
        return np.concatenate((head, self.digests, level, self.counts)).astype("<u8").tobytes()

    def shared(self, *others: ShownRows) -> int:
        """The number of these rows whose text any of the others has; an estimate where any is a sample."""
        level = max([self.level, *(other.level for other in others)])
        inside = _at_level(self.digests, level)
        digests, counts = self.digests[inside], self.counts[inside]
        known = np.zeros(digests.size, dtype=np.bool_)
        for other in others:
            known |= np.isin(digests, other.digests, assume_unique=True)
        return round(self.rows * int(counts[known].sum()) / int(counts.sum())) if counts.sum() else 0


def shown_rows(store: Workspace, look: Look) -> ShownRows | None:
    """The test rows of a look; None where an earlier version showed them and its dataset has others now."""
    path = (FOLDER, look.test_digest)
    if (data := store.read_bytes(*path)) is not None and (rows := ShownRows.decode(data)) is not None:
        return rows
    fields = store.read_fields("label_set", look.dataset, _LabelSet)
    if fields is None or fields.split.test_digest != look.test_digest:
        return None
    batches = part_batches(store, look.dataset, "test")
    rows = ShownRows.of(input_text(messages) for batch in batches for messages in batch["messages"])
    store.write_bytes(rows.encode(), *path)
    return rows


def _at_level(digests: Digests, level: int) -> NDArray[np.bool_]:
    return np.asarray(digests >> np.uint64(64 - level) == 0) if level else np.ones(digests.size, dtype=np.bool_)


def _digest(text: str) -> int:
    """Of the words alone: another case or spacing makes no other row."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
