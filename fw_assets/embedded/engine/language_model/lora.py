"""LoRA (Hu et al. 2021) by hooks: the adapter is chosen for each call, and the base model's modules stay as they are.

A linear layer of the base adds `scale * x @ A.T @ B.T`, with `A` (rank, inputs) and `B` (outputs, rank), to its result
where the adapter of the call has such a pair for it. The adapter of a call is that of its thread and context, so
several are in use at a time over one base.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch

from fw_assets.embedded.engine.errors import EngineError

Pair = tuple[torch.Tensor, torch.Tensor]
_active: ContextVar[Adapter | AdapterMix | None] = ContextVar("fw_assets.embedded.adapter", default=None)


@dataclass(frozen=True, eq=False)
class Adapter:
    """One LoRA adapter: a pair (A, B) for each linear layer that it adapts, by the layer's path in the model.

    Attributes:
        scale: alpha / rank.
        first_layer: the lowest decoder layer that it adapts.
    """

    rank: int
    scale: float
    first_layer: int
    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def parameters(self) -> list[torch.Tensor]:
        return [tensor for pair in self.pairs.values() for tensor in pair]

    def update(self, name: str, inputs: torch.Tensor, dtype: torch.dtype) -> torch.Tensor | None:
        """What the adapter adds to the result of a layer; None where it leaves the layer as it is."""
        pair = self.pairs.get(name)
        if pair is None:
            return None
        down, up = (tensor.to(dtype) for tensor in pair)
        return torch.nn.functional.linear(torch.nn.functional.linear(inputs, down), up) * self.scale


class AdapterMix:
    """Adapters over one base for the rows of one batch, one for each row (Chen et al. 2023, Punica).

    The pairs of a layer are stacked, filled up with zeros to the largest rank, and multiplied row by row.
    """

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        """`adapters`: that of each row; the same one for several rows is stacked once."""
        self._adapters = list(dict.fromkeys(adapters))
        place = {adapter: index for index, adapter in enumerate(self._adapters)}
        self._rows = torch.tensor([place[adapter] for adapter in adapters])
        self._stacked: dict[str, Pair] = {}

    def update(self, name: str, inputs: torch.Tensor, dtype: torch.dtype) -> torch.Tensor | None:
        """As of `Adapter`, for inputs (rows, tokens, width)."""
        if not any(name in adapter.pairs for adapter in self._adapters):
            return None
        if name not in self._stacked:
            self._stacked[name] = self._stack(name, dtype)
        down, up = (stack[self._rows.to(inputs.device)] for stack in self._stacked[name])
        return torch.bmm(torch.bmm(inputs, down), up)

    def _stack(self, name: str, dtype: torch.dtype) -> Pair:
        """(adapters, inputs, rank) and, times the scale, (adapters, rank, outputs)."""
        pairs = [adapter.pairs.get(name) for adapter in self._adapters]
        first_down, first_up = next(pair for pair in pairs if pair is not None)
        rank = max(pair[0].shape[0] for pair in pairs if pair is not None)
        down = torch.zeros((len(pairs), first_down.shape[1], rank), dtype=dtype, device=first_down.device)
        up = torch.zeros((len(pairs), rank, first_up.shape[0]), dtype=dtype, device=first_down.device)
        for index, (adapter, pair) in enumerate(zip(self._adapters, pairs, strict=True)):
            if pair is not None:
                own = pair[0].shape[0]
                down[index, :, :own] = pair[0].T.to(dtype)
                up[index, :own] = pair[1].T.to(dtype) * adapter.scale
        return down, up


def attach(network: Any, decoder: Any) -> dict[str, Any]:
    """Have the linear layers of a decoder follow the adapter of each call; the layers by their paths in the network."""
    prefix = next(name for name, module in network.named_modules() if module is decoder)
    linear = {
        f"{prefix}.{name}" if prefix else name: module
        for name, module in decoder.named_modules()
        if isinstance(module, torch.nn.Linear) and name.startswith("layers.")
    }
    if not linear:
        raise EngineError("the model has no linear layers under `layers`, so it cannot be adapted")
    for name, module in linear.items():
        module.register_forward_hook(_follow(name))
    return linear


def new_adapter(linear: Mapping[str, Any], rank: int, first_layer: int, seed: int) -> Adapter:
    """An adapter that changes nothing yet, of all linear layers from `first_layer` up; alpha is twice the rank."""
    generator = torch.Generator().manual_seed(seed)
    pairs = {}
    for name, module in linear.items():
        if layer_of(name) < first_layer:
            continue
        bound = 1 / math.sqrt(module.in_features)
        down = (torch.rand(rank, module.in_features, generator=generator) * 2 - 1) * bound
        up = torch.zeros(module.out_features, rank)
        device = module.weight.device
        pairs[name] = (down.to(device).requires_grad_(), up.to(device).requires_grad_())
    return Adapter(rank, 2.0, first_layer, pairs)


def layer_of(name: str) -> int:
    """The decoder layer of a linear layer's path."""
    return int(name.rpartition("layers.")[2].partition(".")[0])


@contextmanager
def adapted(adapter: Adapter | AdapterMix | None) -> Iterator[None]:
    """Have the base model answer with an adapter, with one for each row, or alone, in this thread and context."""
    token = _active.set(adapter)
    try:
        yield
    finally:
        _active.reset(token)


def same_adapter() -> AbstractContextManager[None]:
    """A context with the adapter that is in use now, for a thread or a time that has another."""
    return adapted(_active.get())


def _follow(name: str) -> Any:
    def add_update(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor | None:
        adapter = _active.get()
        update = adapter.update(name, inputs[0], output.dtype) if adapter is not None else None
        return None if update is None else output + update

    return add_update
