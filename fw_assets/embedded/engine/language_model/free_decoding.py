"""Free decoding: the model writes its answer token by token, until it ends its turn."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from fw_assets.embedded.engine.language_model.chat_prompt import TokenPrompt
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, causal_view, last_of
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.pretrained import empty_cache, for_rows
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer


def write_answer(
    model: LanguageModel,
    prompt: TokenPrompt,
    decoding: Decoding,
    adapter: Adapter | None = None,
    *,
    adapted_prefix: bool = False,
) -> WrittenAnswer:
    """The answer to one prompt; it depends on nothing but the prompt, the adapter and the decoding."""
    generator = random.Random(decoding.seed)
    prefix = model.read_prefix(prompt.prefix, adapter if adapted_prefix else None)
    written: list[int] = []
    total = 0.0
    with torch.no_grad():
        cache = for_rows(prefix.cache, 1) if prefix.cache is not None else empty_cache()
        tokens: Sequence[int] = prompt.row
        before = prefix.length
        while len(written) < decoding.max_tokens:
            allowed, distance = causal_view(before, len(tokens))
            positions = before + torch.arange(len(tokens))[None]
            states = model.run(torch.tensor([tokens]), None, allowed, distance, positions, cache, adapter)
            scores = model.pretrained.logits(last_of(states, [tokens]))[0].double().log_softmax(-1)
            token = _draw(scores, decoding.temperature, generator)
            total += float(scores[token])
            if token == model.prompts.end or token == model.pretrained.tokenizer.eos_token_id:
                return WrittenAnswer(model.prompts.decode(written), False, total)
            written.append(token)
            before, tokens = before + len(tokens), [token]
    return WrittenAnswer(model.prompts.decode(written), True, total)


def _draw(scores: torch.Tensor, temperature: float, generator: random.Random) -> int:
    if not temperature:
        return int(scores.argmax())
    weights = ((scores - scores.max()) / temperature).exp()
    return generator.choices(range(len(weights)), weights=weights.tolist())[0]
