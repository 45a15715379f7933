"""Constrained decoding in lockstep: of many labels, only those that can be the answer are read.

All rows go on together. In each round every row reads the children of its most probable part of the trie that is not
read yet, and stops when no such part is more probable than its best label, which then is the most probable of all. What
is not read shares the probability of its part equally.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fw_assets.embedded.engine.language_model.label_trie import ROOT, LabelTrie
from fw_assets.embedded.engine.language_model.language_model import (
    LanguageModel,
    Prefix,
    causal_view,
    last_of,
    pad,
)
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.pretrained import empty_cache, for_rows

MAX_READ_NODES = 12
"""Nodes that are read of a row at most; beyond, its best label so far is the answer."""
Prior = Mapping[int, NDArray[np.float64]]
"""Log probabilities of the children of a node where a text says nothing."""


def read_children(
    model: LanguageModel, rows: Sequence[Sequence[int]], prefix: Prefix, trie: LabelTrie, adapter: Adapter | None
) -> list[dict[int, NDArray[np.float64]]]:
    """For each row the log probabilities of the children of the nodes that were read, without a prior."""
    return [read for _, read in _search(model, rows, prefix, trie, adapter, [{}], every_node=True)]


def likely_answers(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    trie: LabelTrie,
    adapter: Adapter | None = None,
    priors: Sequence[Prior] = ({},),
) -> NDArray[np.float64]:
    """Natural log probabilities among the answers, (priors, rows, answers), exact for those that can be the answer.

    What several priors have read of a row is read once.
    """
    found = _search(model, rows, prefix, trie, adapter, priors, every_node=False)
    scores = np.stack([scores for scores, _ in found])
    return scores.reshape(len(rows), len(priors), -1).swapaxes(0, 1)


class _Row:
    """The search of one row."""

    def __init__(self, trie: LabelTrie, prior: Prior, every_node: bool) -> None:
        self._trie, self._prior, self._every_node = trie, prior, every_node
        self.read: dict[int, NDArray[np.float64]] = {}
        self._open = {trie.choice_after(ROOT): 0.0}
        self.scores = np.zeros(len(trie.paths))

    def next_node(self) -> int | None:
        """The node to read next; None when the row is done."""
        inner = {node: score for node, score in self._open.items() if node in self._trie.children}
        if not inner or (not self._every_node and len(self.read) >= MAX_READ_NODES):
            return None
        best = max(inner, key=lambda node: inner[node])
        known = [score for node, score in self._open.items() if node not in inner]
        done = bool(known) and max(known) >= inner[best] and not self._every_node
        return None if done else best

    def unknown(self, known: Mapping[int, NDArray[np.float64]]) -> list[int]:
        """The node to read next that is not among the known ones, which it takes; none when the row is done."""
        while (node := self.next_node()) is not None:
            if node not in known:
                return [node]
            self.take(node, known[node])
        return []

    def take(self, node: int, log_probabilities: NDArray[np.float64]) -> None:
        self.read[node] = log_probabilities
        if node in self._prior:
            raised = log_probabilities - self._prior[node]
            log_probabilities = raised - np.logaddexp.reduce(raised)
        score = self._open.pop(node)
        for child, value in zip(self._trie.children[node], log_probabilities, strict=True):
            self._open[self._trie.choice_after(child)] = score + float(value)

    def finish(self) -> NDArray[np.float64]:
        for node, score in self._open.items():
            below = self._trie.answers_below[node]
            self.scores[below] = score - np.log(len(below))
        return self.scores


def _search(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    trie: LabelTrie,
    adapter: Adapter | None,
    priors: Sequence[Prior],
    *,
    every_node: bool,
) -> list[tuple[NDArray[np.float64], dict[int, NDArray[np.float64]]]]:
    """For each row, under each prior, its scores and what was read of it."""
    searches = [(i, _Row(trie, prior, every_node)) for i in range(len(rows)) for prior in priors]
    known: list[dict[int, NDArray[np.float64]]] = [{} for _ in rows]
    with torch.no_grad():
        cache = for_rows(prefix.cache, len(rows)) if prefix.cache is not None else empty_cache()
        longest = max(map(len, rows))
        allowed, distance = causal_view(prefix.length, longest)
        own = prefix.length + torch.arange(longest)
        shape = (len(rows), -1, -1)
        states = model.run(
            pad(rows), None, allowed.expand(shape), distance.expand(shape), own.expand(len(rows), -1), cache, adapter
        )
        after_row = last_of(states, rows)
        while active := list(dict.fromkeys((i, node) for i, s in searches for node in s.unknown(known[i]))):
            paths = [trie.path_to(node) for _, node in active]
            at = after_row[[i for i, _ in active]]
            deep = [k for k, path in enumerate(paths) if path]
            if deep:
                some = [active[k][0] for k in deep]
                tokens = [[trie.tokens[node] for node in paths[k]] for k in deep]
                at[deep] = _after(model, rows, prefix, cache, some, tokens, longest, adapter)
            for k, (index, node) in enumerate(active):
                children = torch.tensor([trie.tokens[child] for child in trie.children[node]], device=at.device)
                logits = model.pretrained.token_logits(at[k], children)
                known[index][node] = logits.double().log_softmax(-1).cpu().numpy()
    return [(search.finish(), search.read) for _, search in searches]


def _after(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    cache: object,
    some: list[int],
    tokens: list[list[int]],
    longest: int,
    adapter: Adapter | None,
) -> torch.Tensor:
    """States after some of the rows and tokens that follow them, (some, width)."""
    chosen = for_rows(cache, len(rows))
    for layer in chosen.layers:
        layer.keys, layer.values = layer.keys[some], layer.values[some]
    before, width = prefix.length + longest, max(map(len, tokens))
    lengths = torch.tensor([len(rows[i]) for i in some])
    positions = prefix.length + lengths[:, None] + torch.arange(width)
    earlier = torch.arange(before).expand(len(some), -1)
    every_position = torch.cat([earlier, positions], 1)
    distance = positions[:, :, None] - every_position[:, None]
    seen = torch.zeros((len(some), width, before + width), dtype=torch.bool)
    seen[:, :, :before] = (earlier < prefix.length + lengths[:, None])[:, None]
    seen[:, :, before:] = torch.tril(torch.ones(width, width, dtype=torch.bool))
    states = model.run(pad(tokens), None, seen, distance, positions, chosen, adapter)
    return last_of(states, tokens)
