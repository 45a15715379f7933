"""Token counts and token ids of texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from fw_assets.embedded.engine.features.minilm_weights import find_weights

_PIECES = re.compile(r"\w{1,5}|[^\w\s]")
_BRACKETS = 2


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens of each text including the two that open and close it.

    Counted by the MiniLM tokenizer when its file is on the machine. Otherwise estimated: one token for every
    begun five letters of a word and for every other visible character, plus two.
    """
    found = find_weights()
    if found is None:
        return [len(_PIECES.findall(text)) + _BRACKETS for text in texts]
    return [len(ids) for ids in token_ids(str(found.tokenizer), texts)]


def token_ids(tokenizer: str, texts: Sequence[str], limit: int | None = None) -> list[list[int]]:
    """The word-piece ids of each text, opening and closing token included, cut to `limit` tokens in all.

    A text that is too long keeps its beginning and the closing token.
    """
    encodings = _tokenizer(tokenizer).encode_batch_fast(list(texts))
    rows = [encoding.ids for encoding in encodings]
    if limit is None:
        return rows
    return [ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]] for ids in rows]


@lru_cache(maxsize=2)
def _tokenizer(path: str) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
