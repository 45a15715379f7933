"""Free decoding: the model writes its answers token by token, all in lockstep, until each ends its turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from fw_assets.embedded.engine.language_model.language_model import LanguageModel, Prefix, causal_view, last_of, pad
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.pretrained import empty_cache, for_rows
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer


@dataclass
class _Draft:
    """An answer that is being written."""

    decoding: Decoding
    limit: int
    random: random.Random
    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    ended: bool = False

    @property
    def open(self) -> bool:
        return not self.ended and len(self.tokens) < self.limit

    def take(self, scores: torch.Tensor, ends: Sequence[int], first: torch.Tensor | None) -> None:
        """Write the next token by its log probabilities over the vocabulary."""
        allowed = scores if first is None or self.tokens else scores.masked_fill(~first, -torch.inf)
        allowed = _penalized(allowed, self.tokens, self.decoding)
        token = int(allowed.argmax())
        if self.decoding.temperature:
            weights = _drawn_from(allowed / self.decoding.temperature, self.decoding)
            token = self.random.choices(range(len(weights)), weights=weights.tolist())[0]
        self.log_probability += float(scores[token])
        if token in ends:
            self.ended = True
        else:
            self.tokens.append(token)


def _penalized(scores: torch.Tensor, written: Sequence[int], decoding: Decoding) -> torch.Tensor:
    """Scores less the penalties of OpenAI's API (`presence_penalty`, `frequency_penalty`), over the answer so far."""
    if not written or not (decoding.presence_penalty or decoding.frequency_penalty):
        return scores
    times = torch.bincount(torch.tensor(written), minlength=len(scores))
    return scores - decoding.frequency_penalty * times - decoding.presence_penalty * (times > 0)


def _drawn_from(scores: torch.Tensor, decoding: Decoding) -> torch.Tensor:
    """Weights of the tokens to draw from: the `top_k` likeliest, and of these the fewest whose share is `top_p`."""
    weights = (scores - scores.max()).exp()
    if decoding.top_k or decoding.top_p < 1:
        best, order = weights.sort(descending=True, stable=True)
        best[decoding.top_k or len(best) :] = 0
        before = best.cumsum(0) - best
        best[before >= decoding.top_p * best.sum()] = 0
        weights = torch.zeros_like(weights).scatter(0, order, best)
    return weights


def write_answers(
    model: LanguageModel,
    rows: Sequence[Sequence[int]],
    prefix: Prefix,
    decodings: Sequence[Decoding],
    adapter: Adapter | None = None,
    *,
    first: torch.Tensor | None = None,
    is_whole: Callable[[str], bool] | None = None,
) -> list[WrittenAnswer]:
    """The answers to rows of tokens after one prefix, each within the model's context.

    Args:
        first: which tokens of the vocabulary an answer may begin with, (vocabulary); left out, all.
        is_whole: ends an answer before its turn ends.
    """
    room = [max(1, model.prompts.context_length - prefix.length - len(row)) for row in rows]
    drafts = [
        _Draft(decoding, min(decoding.max_tokens, most), random.Random(decoding.seed))
        for decoding, most in zip(decodings, room, strict=True)
    ]
    ends = (model.prompts.end, model.pretrained.tokenizer.eos_token_id)
    count, longest, before = len(rows), max(map(len, rows)), prefix.length
    lengths = torch.tensor([len(row) for row in rows])
    with torch.no_grad():
        cache = for_rows(prefix.cache, count) if prefix.cache is not None else empty_cache()
        seen, distance = (view.expand(count, -1, -1) for view in causal_view(before, longest))
        positions = (before + torch.arange(longest)).expand(count, -1)
        states = last_of(model.run(pad(rows), None, seen, distance, positions, cache, adapter), rows)
        every_position = torch.arange(before + longest).expand(count, -1)
        visible = every_position < before + lengths[:, None]
        while True:
            scores = model.pretrained.logits(states).double().log_softmax(-1)
            for draft, row_scores in zip(drafts, scores, strict=True):
                if draft.open:
                    draft.take(row_scores, ends, first)
                    if is_whole is not None or draft.decoding.stops:
                        text = model.prompts.decode(draft.tokens)
                        draft.ended |= (is_whole is not None and is_whole(text)) or draft.decoding.ends(text)
            if not any(draft.open for draft in drafts):
                break
            tokens = torch.tensor([[draft.tokens[-1] if draft.open else ends[0]] for draft in drafts])
            position = before + lengths[:, None] + every_position.shape[1] - before - longest
            every_position = torch.cat([every_position, position], 1)
            visible = torch.cat([visible, torch.ones((count, 1), dtype=torch.bool)], 1)
            behind = position[:, :, None] - every_position[:, None]
            states = model.run(tokens, None, visible[:, None], behind, position, cache, adapter)[:, -1]
    return [
        WrittenAnswer(model.prompts.decode(draft.tokens), not draft.ended, draft.log_probability) for draft in drafts
    ]
