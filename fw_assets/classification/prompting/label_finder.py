"""Label finder: whole-word mentions of labels inside a longer text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from fw_assets.classification.prompting.normalize import NORMALISERS, Strictness

_NEGATED = re.compile(
    r"(?:\b(?:not|no|never|neither|nor|without|except|than|instead of|isnt|cannot)|n['’]t)"
    r"(?:[\s\"'*`_]+(?:a|an|the|be|really|about|as))*[\s\"'*`_]+$",
    re.IGNORECASE,
)


class LabelFinder:
    """Finds mentions of a fixed set of labels.

    The longest label wins where mentions overlap, so `balance` is not found in `bill_balance` when both are
    labels; a hyphen, underscore, `#`, `+`, `@` or `&` next to a mention makes it part of another word.
    """

    def __init__(self, labels: Sequence[str], strictness: Strictness) -> None:
        self._strictness = strictness
        self._positions: dict[str, int] = {}
        patterns: list[tuple[str, str]] = []
        for position, label in enumerate(labels):
            text = self._prepare(label).strip()
            if text:
                self._positions.setdefault(self._key(text), position)
                patterns.append((text, self._pattern(text)))
        patterns.sort(key=lambda item: -len(item[0]))
        alternatives = "|".join(pattern for _, pattern in patterns)
        # The look-ahead consumes nothing, so that overlapping mentions are all found and the longest can be kept.
        self._finder = re.compile(rf"(?<![\w\-+#@&])(?<!\d[.,])(?=({alternatives}))") if patterns else None

    def find(self, text: str) -> list[tuple[int, bool]]:
        """(label position, negated) of every mention, in the order of the text."""
        if self._finder is None:
            return []
        prepared = self._prepare(text)
        return [
            (self._positions[self._key(prepared[start:end])], _NEGATED.search(prepared[:start]) is not None)
            for start, end in _spans(self._finder, prepared)
        ]

    def _prepare(self, text: str) -> str:
        if self._strictness == "exact":
            return text
        text = unicodedata.normalize("NFKC", text)
        if self._strictness in ("loose", "case"):
            text = unicodedata.normalize("NFKC", text.casefold())
        return text

    def _key(self, text: str) -> str:
        return NORMALISERS[self._strictness](text)

    def _pattern(self, text: str) -> str:
        separators = r"[\s_\-]+" if self._strictness == "loose" else r"\s+"
        words = [re.escape(word) for word in re.split(separators, text) if word]
        body = separators.join(words) or re.escape(text)
        # A mention must not continue into a longer word or a decimal number.
        return rf"{body}(?![\w\-+#@&])(?![.,]\d)"


def _spans(finder: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Non-overlapping spans in the order of the text; of overlapping ones the longest, then those around it."""
    spans: list[tuple[int, int]] = []
    pending = [(0, len(text))]
    while pending:
        start, end = pending.pop()
        matches = [(match.start(1), match.end(1)) for match in finder.finditer(text, start, end)]
        if all(first[1] <= second[0] for first, second in pairwise(matches)):
            spans += matches
        else:
            longest = max(matches, key=lambda span: span[1] - span[0])
            spans.append(longest)
            pending += [(start, longest[0]), (longest[1], end)]
    return sorted(spans)


@lru_cache(maxsize=64)
def label_finder(labels: tuple[str, ...], strictness: Strictness) -> LabelFinder:
    """The finder of a label set, cached because its pattern is slow to compile."""
    return LabelFinder(labels, strictness)
