"""One language model in this process: prompts in, hidden states out, with an adapter chosen per call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from fw_assets.embedded.engine.language_model import lora
from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt
from fw_assets.embedded.engine.language_model.device.lease import Turn, device_lease
from fw_assets.embedded.engine.language_model.lora import Adapter, AdapterMix
from fw_assets.embedded.engine.language_model.memory import one_memory_error
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, verified
from fw_assets.embedded.engine.language_model.pretrained import Pretrained, empty_cache, for_rows, joint_cache

ROWS_PER_PASS = 16
"""Rows that are scored together; their number changes no answer's probability by more than 2e-5."""
_CACHED_PREFIXES = 8


@dataclass(frozen=True)
class Prefix:
    """The beginning that rows share, read once: its tokens, their keys and values.

    Attributes:
        shifts: of rows that begin differently, the places before each one's own beginning, (rows).
    """

    tokens: tuple[int, ...]
    cache: Any
    shifts: torch.Tensor | None = None

    @property
    def length(self) -> int:
        return len(self.tokens)


NO_PREFIX = Prefix((), None)


class LanguageModel:
    """A pretrained model with hooks for adapters.

    Attributes:
        linear: the linear layers that adapters may change, by path.
        digest: of the weights.
    """

    def __init__(
        self, folder: LanguageModelFolder, dtype: torch.dtype, device: str, gguf_file: Path | None = None
    ) -> None:
        """Load the weights of the folder, or those of a GGUF file that was written of it."""
        if gguf_file is None:
            self.pretrained = Pretrained(verified(folder).folder, dtype, device, four_bit=folder.four_bit)
        else:
            self.pretrained = Pretrained(gguf_file.parent, dtype, device, gguf_file.name)
        self.digest, self.device, self.dtype = folder.digest, device, dtype
        self.linear = lora.attach(self.pretrained.network, self.pretrained.decoder)
        self.prompts = ChatPrompt(self.pretrained.tokenizer, folder.context_length)
        self._device_name = _device_name(device)
        self._prefixes: OrderedDict[Hashable, Prefix] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def takes_turns(self) -> bool:
        """Whether one at a time computes on its device."""
        return device_lease(self._device_name) is not None

    @contextmanager
    def turn(self) -> Iterator[Turn | None]:
        """The device, for as long as the block lasts; None where it needs no lease.

        Raises:
            DeviceBusy: others had it for too long.
            MemoryError: there is no room on it for what the block does.
        """
        lease = device_lease(self._device_name)
        with nullcontext() if lease is None else lease.turn() as turn, one_memory_error():
            yield turn

    @contextmanager
    def recomputed(self) -> Iterator[None]:
        """As of `Pretrained`, with the adapter of each call."""
        with self.pretrained.recomputed(lora.same_adapter):
            yield

    def read_prefix(self, tokens: tuple[int, ...], adapter: Adapter | None = None) -> Prefix:
        """The prefix as the model reads it with that adapter; the last few are kept."""
        if not tokens:
            return NO_PREFIX
        key = (tokens, adapter)
        with self._lock:
            prefix = self._prefixes.get(key)
            if prefix is not None:
                self._prefixes.move_to_end(key)
                return prefix
        with torch.no_grad():
            cache = empty_cache()
            self.states([tokens], NO_PREFIX, adapter, cache=cache)
        prefix = Prefix(tokens, cache)
        with self._lock:
            self._prefixes[key] = prefix
            while len(self._prefixes) > _CACHED_PREFIXES:
                self._prefixes.popitem(last=False)
        return prefix

    def states(
        self,
        rows: Sequence[Sequence[int]],
        prefix: Prefix,
        adapter: Adapter | AdapterMix | None = None,
        *,
        part: Any = None,
        below: torch.Tensor | None = None,
        cache: Any = None,
    ) -> torch.Tensor:
        """The states of rows of tokens after a prefix, (rows, longest, width); what is beyond a row's end is noise.

        Args:
            part: the layers to run; left out, all of them.
            below: the states that these layers begin with, in place of the tokens.
            cache: takes up the keys and values; left out, they are forgotten.
        """
        longest = max(map(len, rows))
        positions = prefix.length + torch.arange(longest)
        allowed, distance = causal_view(prefix.length, longest)
        return self.run(
            pad(rows) if below is None else None,
            below,
            allowed.expand(len(rows), -1, -1),
            distance.expand(len(rows), -1, -1),
            positions.expand(len(rows), -1),
            for_rows(prefix.cache, len(rows)) if prefix.cache is not None else cache,
            adapter,
            part,
            prefix.shifts,
        )

    def run(
        self,
        tokens: torch.Tensor | None,
        states: torch.Tensor | None,
        allowed: torch.Tensor,
        distance: torch.Tensor,
        positions: torch.Tensor,
        cache: Any,
        adapter: Adapter | AdapterMix | None,
        part: Any = None,
        shifts: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """As `Pretrained.run`, with an adapter; `shifts` as of the rows' `Prefix`."""
        if shifts is not None:
            # Distances stay what they are: keys and queries of a row are shifted alike.
            allowed = allowed & (torch.arange(allowed.shape[-1]) >= shifts[:, None])[:, None]
            positions = positions - shifts[:, None]
        inputs = {"input_ids": tokens.to(self.device)} if tokens is not None else {"inputs_embeds": states}
        seen, behind, places = (tensor.to(self.device) for tensor in (allowed, distance, positions))
        with lora.adapted(adapter):
            return self.pretrained.run(part or self.pretrained.decoder, inputs, seen, behind, places, cache)

    def last_states(
        self, rows: Sequence[Sequence[int]], prefix: Prefix, adapter: Adapter | AdapterMix | None = None
    ) -> torch.Tensor:
        """The state of each row's last token, (rows, width)."""
        return last_of(self.states(rows, prefix, adapter), rows)


def joint_prefix(prefixes: Sequence[Prefix]) -> Prefix:
    """The beginnings of rows that begin differently, one for each row, aligned at their ends."""
    longest = max(prefixes, key=lambda prefix: prefix.length)
    if not longest.length:
        return NO_PREFIX
    caches = [prefix.cache for prefix in prefixes]
    return Prefix(
        longest.tokens,
        joint_cache(longest.cache, caches, longest.length),
        torch.tensor([longest.length - prefix.length for prefix in prefixes]),
    )


def pad(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Rows of tokens, filled up on the right: under causal attention no token sees what comes after it."""
    padded = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = torch.tensor(row, dtype=torch.long)
    return padded


def last_of(states: torch.Tensor, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    return states[torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])]


def causal_view(before: int, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(what each token may see, how far behind it is), both (1, tokens, before + tokens)."""
    distance = before + torch.arange(tokens)[:, None] - torch.arange(before + tokens)[None]
    return (distance >= 0)[None], distance[None]


@lru_cache(maxsize=2)
def load(folder: LanguageModelFolder, bf16: bool = False) -> LanguageModel:
    """The model, once per process; on a GPU if there is one, else on the CPU.

    Raises:
        WeightsError: its files are missing, changed, or not what transformers can load.
        MemoryError: there is no room for it.
    """
    with one_memory_error():
        return LanguageModel(folder, torch.bfloat16 if bf16 else torch.float32, device())


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _device_name(device: str) -> str:
    """The name of a device that is the same in every process, whichever accelerators that sees."""
    return f"cuda-{torch.cuda.get_device_properties(0).uuid}" if device == "cuda" else device


def trains_in_bf16() -> bool:
    """Whether this machine multiplies bfloat16 in hardware."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    features = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(features.get("avx512_bf16") or features.get("amx_bf16"))
