"""Word-piece token ids of texts, by the tokenizer file of MiniLM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


def token_ids(tokenizer: str, texts: Sequence[str], limit: int) -> list[list[int]]:
    """The token ids of each text, opening and closing token included, cut to `limit` tokens in all.

    A text that is too long keeps its beginning and the closing token.
    """
    encodings = _tokenizer(tokenizer).encode_batch_fast(list(texts))
    return [
        ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]] for ids in (encoding.ids for encoding in encodings)
    ]


@lru_cache(maxsize=2)
def _tokenizer(path: str) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
