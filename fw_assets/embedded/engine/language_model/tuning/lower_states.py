"""States below the lowest adapted layer: no epoch and no hyper-parameter changes them, so each row's are computed once.

They are kept in memory for the epochs of a run, and on the disk for the other cells of a sweep and for later jobs.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from fw_assets.embedded.engine.features.embedding_cache import EmbeddingCache
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, Prefix

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
        self._memory: dict[bytes, torch.Tensor] = {}
        self._bytes = 0

    def below(self, rows: Sequence[Sequence[int]], prefix: Prefix) -> torch.Tensor:
        """The states that the upper layers begin with, (rows, longest, width), zeros beyond a row's end."""
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
        batch = torch.zeros((len(rows), max(map(len, rows)), self._width()), dtype=self._model.dtype)
        for index, state in enumerate(states):
            assert state is not None
            batch[index, : len(state)] = state
        return batch.to(self._model.device)

    def close(self) -> None:
        self._disk.close()

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
