"""Label finder: mentions of labels inside a longer text, and whether they state the label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from fw_assets.classification.prompting.mention_context import UNSPACED, needs_standing_alone, stands_alone
from fw_assets.classification.prompting.negation import is_denied, is_hedged, without_affirmations
from fw_assets.classification.prompting.normalize import NORMALISERS, Strictness, with_plain_signs


class Mention(NamedTuple):
    """One mention of a label.

    Attributes:
        position: of the label, in the finder's labels.
        start: offset in the finder's prepared text.
        end: likewise.
        denied: its clause denies, doubts or asks it.
        hedged: its clause gives it as one that may be.
    """

    position: int
    start: int
    end: int
    denied: bool
    hedged: bool = False


class LabelFinder:
    """Finds mentions of a fixed set of labels.

    The longest label wins where mentions overlap, so `balance` is not found in `bill_balance` when both are
    labels; a hyphen, underscore, `#`, `+`, `@` or `&` next to a mention makes it part of another word. Scripts that
    write without spaces (Chinese, Japanese, Thai, Korean particles) have no such limits between their own characters.
    """

    def __init__(self, labels: Sequence[str], strictness: Strictness) -> None:
        self._strictness = strictness
        self._positions: dict[str, int] = {}
        patterns: list[tuple[str, str]] = []
        for position, label in enumerate(labels):
            text = self.prepare(label).strip()
            if text:
                self._positions.setdefault(self._key(text), position)
                patterns.append((text, self._pattern(text)))
        patterns.sort(key=lambda item: -len(item[0]))
        alternatives = "|".join(pattern for _, pattern in patterns)
        # The look-ahead consumes nothing, so that overlapping mentions are all found and the longest can be kept.
        self._finder = re.compile(rf"(?=({alternatives}))") if patterns else None

    def positions(self, text: str) -> frozenset[int]:
        """The labels that occur in the text, stated or not."""
        prepared = self.prepare(text)
        return frozenset(self._positions[self._key(prepared[start:end])] for start, end in self._spans(prepared))

    def find(self, text: str) -> list[Mention]:
        """The mentions that mean the label, in the order of the text; offsets are those of `prepare(text)`.

        Labels that are everyday words, letters or numbers count only where they stand alone.
        """
        prepared = without_affirmations(self.prepare(text))
        spans = [
            (start, end)
            for start, end in self._spans(prepared)
            if not needs_standing_alone(self._key(prepared[start:end]).casefold()) or stands_alone(prepared, start, end)
        ]
        following = [*(start for start, _ in spans[1:]), len(prepared)]
        context = prepared
        for start, end in spans:
            # A label such as "no" does not deny the one after it.
            context = context[:start] + "\0" * (end - start) + context[end:]
        mentions = []
        for (start, end), next_start in zip(spans, following, strict=False):
            denied = is_denied(context, start, end, next_start, UNSPACED.match(prepared[start]) is not None)
            hedged = not denied and is_hedged(context, start)
            mentions.append(Mention(self._positions[self._key(prepared[start:end])], start, end, denied, hedged))
        return mentions

    def _spans(self, prepared: str) -> list[tuple[int, int]]:
        return _spans(self._finder, prepared) if self._finder is not None else []

    def prepare(self, text: str) -> str:
        """The text in the form in which labels are looked for."""
        if self._strictness == "exact":
            return text
        text = with_plain_signs(text)
        text = unicodedata.normalize("NFKC", text)
        if self._strictness in ("loose", "case"):
            text = unicodedata.normalize("NFKC", text.casefold())
        return text

    def _key(self, text: str) -> str:
        return NORMALISERS[self._strictness](text)

    def _pattern(self, text: str) -> str:
        separators = r"[\s_\-]+" if self._strictness == "loose" and not text.startswith("-") else r"\s+"
        words = [re.escape(word) for word in re.split(separators, text) if word]
        body = separators.join(words) or re.escape(text)
        # A mention must not continue into a longer word or a decimal number.
        before = "" if UNSPACED.match(text[0]) else r"(?<![\w\-+#@&])(?<!\d[.,])"
        after = "" if UNSPACED.match(text[-1]) else r"(?![\w\-+#@&])(?![.,]\d)"
        return rf"{before}{body}{after}"


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
