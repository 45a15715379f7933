"""Tree pass: the log probabilities of all answers in one pass over a row and the trie of the answers' tokens.

Each node sees the prefix, its row and its ancestors alone, so that its log probability is the one that the answer has
when it is read by itself (Cai et al. 2024 verify drafts in this way).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fw_assets.embedded.engine.language_model.label_trie import ROOT, LabelTrie
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, Prefix, last_of, pad
from fw_assets.embedded.engine.language_model.lora import Adapter, AdapterMix
from fw_assets.embedded.engine.language_model.pretrained import for_rows

_CELLS_PER_PASS = 4_000_000


def answer_log_probabilities(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    trie: LabelTrie,
    adapter: Adapter | AdapterMix | None = None,
    *,
    among_answers: bool = False,
) -> torch.Tensor:
    """Natural log probabilities of each answer's tokens after each row, (rows, answers), in float32.

    Args:
        among_answers: over the next tokens that some answer has, in place of the whole vocabulary.
    """
    with torch.no_grad():
        after_row, at_nodes = _states(model, rows, prefix, trie, adapter)
        place = {node: index for index, node in enumerate(trie.inner)}
        scores = torch.empty((len(rows), len(trie.tokens)))
        for parent, children in trie.children.items():
            states = after_row if parent == ROOT else at_nodes[:, place[parent]]
            tokens = torch.tensor([trie.tokens[child] for child in children], device=states.device)
            if among_answers:
                logits = model.pretrained.token_logits(states, tokens.expand(len(rows), -1)).log_softmax(-1)
            else:
                logits = model.pretrained.logits(states).log_softmax(-1)[:, tokens]
            scores[:, children] = logits.cpu()
        return torch.stack([scores[:, list(path)].sum(1) for path in trie.paths], dim=1)


def rows_per_pass(trie: LabelTrie, longest: int, before: int) -> int:
    """Rows whose attention has room in memory."""
    width = longest + len(trie.inner)
    return max(1, min(16, _CELLS_PER_PASS // (width * (before + width))))


def _states(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    trie: LabelTrie,
    adapter: Adapter | AdapterMix | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """States after each row's last token, (rows, width), and at the inner nodes, (rows, inner nodes, width)."""
    nodes, before = trie.inner, prefix.length
    place = {node: index for index, node in enumerate(nodes)}
    longest, count = max(map(len, rows)), len(nodes)
    tokens = torch.cat(
        [pad(rows), torch.tensor([trie.tokens[n] for n in nodes], dtype=torch.long).expand(len(rows), -1)], 1
    )
    lengths = torch.tensor([len(row) for row in rows])
    depths = torch.tensor([trie.depths[node] for node in nodes], dtype=torch.long)
    own = torch.arange(longest).expand(len(rows), -1)
    positions = before + torch.cat([own, lengths[:, None] + depths], 1)
    seen = torch.zeros((len(rows), longest + count, before + longest + count), dtype=torch.bool)
    seen[:, :, :before] = True
    seen[:, :longest, before : before + longest] = torch.tril(torch.ones(longest, longest, dtype=torch.bool))
    seen[:, longest:, before : before + longest] = (torch.arange(longest) < lengths[:, None])[:, None]
    ancestors = torch.zeros((count, count), dtype=torch.bool)
    for node in nodes:
        ancestors[place[node], [place[ancestor] for ancestor in trie.path_to(node)]] = True
    seen[:, longest:, before + longest :] = ancestors
    every_position = torch.cat([torch.arange(before).expand(len(rows), -1), positions], 1)
    distance = positions[:, :, None] - every_position[:, None]
    cache = for_rows(prefix.cache, len(rows)) if prefix.cache is not None else None
    states = model.run(tokens, None, seen, distance, positions, cache, adapter, shifts=prefix.shifts)
    return last_of(states, rows), states[:, longest:]
