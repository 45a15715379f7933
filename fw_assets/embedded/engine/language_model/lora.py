"""LoRA (Hu et al. 2021) by hooks: the adapter is chosen for each call, and the base model's modules stay as they are.

A linear layer of the base adds `scale * x @ A.T @ B.T`, with `A` (rank, inputs) and `B` (outputs, rank), to its result
where the adapter of the call has such a pair for it. The adapter of a call is that of its thread and context, so
several are in use at a time over one base.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch

from fw_assets.embedded.engine.errors import EngineError

Pair = tuple[torch.Tensor, torch.Tensor]
_active: ContextVar[Adapter | None] = ContextVar("fw_assets.embedded.adapter", default=None)


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
def adapted(adapter: Adapter | None) -> Iterator[None]:
    """Have the base model answer with an adapter, or alone, in this thread and context."""
    token = _active.set(adapter)
    try:
        yield
    finally:
        _active.reset(token)


def _follow(name: str) -> Any:
    def add_update(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor | None:
        adapter = _active.get()
        pair = adapter.pairs.get(name) if adapter is not None else None
        if adapter is None or pair is None:
            return None
        down, up = (tensor.to(output.dtype) for tensor in pair)
        return output + torch.nn.functional.linear(torch.nn.functional.linear(inputs[0], down), up) * adapter.scale

    return add_update
