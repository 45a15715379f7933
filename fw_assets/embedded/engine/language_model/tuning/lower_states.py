"""States below the lowest adapted layer: no epoch and no hyper-parameter changes them, so each row's are computed once.

They are kept in memory for the epochs of a run, and on the disk for the other cells of a sweep and for later jobs.
Processes that need the same rows at the same time share the work of reading them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from fw_assets.embedded.engine.features.embedding_cache import EmbeddingCache
from fw_assets.embedded.engine.language_model.language_model import ROWS_PER_PASS, LanguageModel, Prefix
from fw_assets.embedded.engine.language_model.memory import passes
from fw_assets.embedded.engine.language_model.tuning.length_buckets import micro_batches

MAX_TOKENS_PER_PASS = 4096
"""Tokens of a forward and backward pass, padding included; a batch of more is accumulated."""
_MAX_BYTES_IN_MEMORY = 1 << 30
_MAX_BYTES_ON_DISK = 4 << 30


class LowerStates:
    """The lower layers of a model over rows of tokens after a prefix."""

    def __init__(self, model: LanguageModel, first_layer: int, cache: Path) -> None:
        self._model, self._first_layer = model, first_layer
        self._part = model.pretrained.part(0, first_layer)
        self._frame = f"{model.digest} {model.dtype} {first_layer}"
        path = cache / "language-model-states.sqlite"
        with contextlib.suppress(OSError):
            if path.stat().st_size > _MAX_BYTES_ON_DISK:
                path.unlink()
        self._disk = EmbeddingCache(path)
        self._claims = path.with_suffix(".lock")
        self._memory: dict[bytes, torch.Tensor] = {}
        self._bytes = 0

    def prepare(self, rows: Sequence[Sequence[int]], prefix: Prefix) -> Iterator[int]:
        """Read rows that `below` will be asked for; yields from time to time how many more are known.

        The rows are read in parts of similar length. What another process is reading is left to it, and read at the
        end if it is still missing.
        """
        lengths = [len(row) for row in rows]
        parts = micro_batches(range(len(rows)), lengths, MAX_TOKENS_PER_PASS, ROWS_PER_PASS)
        left = []
        for part in ([rows[index] for index in part] for part in parts):
            with self._claimed(self._key(prefix.tokens, part[0])) as claimed:
                if not claimed:
                    left.append(part)
                    continue
                self._read(part, prefix)
            yield len(part)
        for part in left:
            self._read(part, prefix)
            yield len(part)

    def _read(self, rows: Sequence[Sequence[int]], prefix: Prefix) -> None:
        for _ in passes(rows, len(rows), lambda part: self.below(part, prefix)):
            pass

    def below(
        self, rows: Sequence[Sequence[int]], prefix: Prefix, lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        """The states that the upper layers begin with, (rows, longest, width), zeros beyond a row's end.

        Args:
            lengths: of the beginnings of the rows whose states are returned; left out, those of whole rows.
        """
        keys = [self._key(prefix.tokens, row) for row in rows]
        states = self._known(keys, rows)
        missing = [index for index, state in enumerate(states) if state is None]
        if missing:
            with torch.no_grad():
                computed = self._model.states([rows[index] for index in missing], prefix, part=self._part)
            new = []
            for index, state in zip(missing, computed, strict=True):
                own = state[: len(rows[index])].cpu().contiguous()
                states[index] = own
                new.append((keys[index], own.view(torch.uint8).numpy().tobytes()))
                self._keep(keys[index], own)
            self._disk.put(new)
        lengths = lengths or [len(row) for row in rows]
        batch = torch.zeros((len(rows), max(lengths), self._width()), dtype=self._model.dtype)
        for index, (state, length) in enumerate(zip(states, lengths, strict=True)):
            assert state is not None
            batch[index, :length] = state[:length]
        return batch.to(self._model.device)

    def close(self) -> None:
        self._disk.close()

    @contextlib.contextmanager
    def _claimed(self, key: bytes) -> Iterator[bool]:
        """Whether no other process holds what the key stands for; none can while the block lasts."""
        try:
            file = os.open(self._claims, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield True
            return
        try:
            # One byte of the file by the key; the kernel releases it however the process ends.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int.from_bytes(key[:4], "big"))
            claimed = True
        except OSError as error:
            claimed = not isinstance(error, (BlockingIOError, PermissionError))
        try:
            yield claimed
        finally:
            os.close(file)

    def _known(self, keys: Sequence[bytes], rows: Sequence[Sequence[int]]) -> list[torch.Tensor | None]:
        absent = [key for key in keys if key not in self._memory]
        stored = self._disk.get(absent) if absent else {}
        states: list[torch.Tensor | None] = []
        for key, row in zip(keys, rows, strict=True):
            state = self._memory.get(key)
            if state is None and key in stored:
                raw = torch.from_numpy(np.frombuffer(stored[key], np.uint8).copy()).view(self._model.dtype)
                # A file that was damaged counts as empty.
                if raw.numel() == len(row) * self._width():
                    state = raw.view(len(row), -1)
                    self._keep(key, state)
            states.append(state)
        return states

    def _keep(self, key: bytes, state: torch.Tensor) -> None:
        size = state.numel() * state.element_size()
        if self._bytes + size <= _MAX_BYTES_IN_MEMORY:
            self._memory[key] = state
            self._bytes += size

    def _key(self, prefix: Sequence[int], row: Sequence[int]) -> bytes:
        return hashlib.blake2b(f"{self._frame} {[*prefix]} {[*row]}".encode(), digest_size=16).digest()

    def _width(self) -> int:
        return int(self._model.pretrained.config.hidden_size)
