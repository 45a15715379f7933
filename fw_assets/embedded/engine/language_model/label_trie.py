"""Trie of answers: the tokens of all of them as one tree, whose nodes a model scores instead of each answer alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from fw_assets.embedded.engine.errors import EngineError

ROOT = -1


class LabelTrie:
    """The answers as one tree.

    Attributes:
        tokens, parents, depths: of each node, parents before children; `ROOT` is the parent of the first ones, whose
            depth is 0.
        paths: of each answer, its nodes.
    """

    def __init__(self, answers: Sequence[Sequence[int]]) -> None:
        """Answers end with the token that ends a turn, so that none is a prefix of another.

        Raises:
            EngineError: two answers have the same tokens.
        """
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.paths: list[tuple[int, ...]] = []
        nodes: dict[tuple[int, int], int] = {}
        for answer in answers:
            node, path = ROOT, []
            for depth, token in enumerate(answer):
                key = (node, token)
                if key not in nodes:
                    nodes[key] = len(self.tokens)
                    self.tokens.append(token)
                    self.parents.append(node)
                    self.depths.append(depth)
                node = nodes[key]
                path.append(node)
            self.paths.append(tuple(path))
        if len(set(self.paths)) < len(self.paths):
            raise EngineError("two of the label choices have the same tokens")

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """The children of each inner node, the root included."""
        children: dict[int, list[int]] = {}
        for node, parent in enumerate(self.parents):
            children.setdefault(parent, []).append(node)
        return children

    @cached_property
    def inner(self) -> list[int]:
        """The nodes with children, the root left out, parents first."""
        return [node for node in range(len(self.tokens)) if node in self.children]

    @cached_property
    def answers_below(self) -> dict[int, list[int]]:
        """The answers that begin with the tokens to a node; at the root, all."""
        below: dict[int, list[int]] = {ROOT: list(range(len(self.paths)))}
        for answer, path in enumerate(self.paths):
            for node in path:
                below.setdefault(node, []).append(answer)
        return below

    def path_to(self, node: int) -> list[int]:
        """The nodes from the first token to `node`; empty for the root."""
        path: list[int] = []
        while node != ROOT:
            path.append(node)
            node = self.parents[node]
        return path[::-1]

    def choice_after(self, node: int) -> int:
        """The first node from `node` down at which there is a choice, or the last of the only answer."""
        while len(self.children.get(node, [])) == 1:
            node = self.children[node][0]
        return node
