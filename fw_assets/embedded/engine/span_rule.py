"""Span rule: how a free text of a record is taken out of the text that a model reads.

What such a text looks like is its shape: runs of digits, capitals and small letters, and the marks between them
(`A-48213` has the shape `A-0`). A rule says which word of that shape is copied, and what is said where there is none;
where copying is right on fewer of the training rows than one constant text, it says that text. A text that few rows
share is not said of others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

_MIN_COMMON = 0.05
"""Share of the rows that a constant text has at the least."""
_MARKS = ".,;:!?\"'()[]<>“”‘’"


@dataclass(frozen=True)
class SpanRule:
    """A rule; stored with a tuned model, so that the fields keep their names.

    Attributes:
        shape: of the word that is copied; empty where none is.
        last: whether the last word of that shape is copied rather than the first.
        otherwise: the text where no word has the shape.
        share: of the training rows on which the rule is right.
    """

    shape: str
    last: bool
    otherwise: str
    share: float

    def find(self, text: str) -> str:
        """The free text for a text that a model reads."""
        words = [word for word in _words(text) if self.shape and shape_of(word) == self.shape]
        return (words[-1] if self.last else words[0]) if words else self.otherwise


def learn_span_rule(texts: Sequence[str], targets: Sequence[str]) -> SpanRule:
    """The rule that is right on the most rows; of equal ones the constant text, then the first word."""
    words = [list(_words(text)) for text in texts]
    rows = list(zip(texts, words, targets, strict=True))
    rules = [SpanRule("", False, _common(targets), 0.0)]
    copied = Counter(shape_of(target) for _, own, target in rows if target in own)
    for shape, _ in copied.most_common(1):
        without = [target for _, own, target in rows if not any(shape_of(word) == shape for word in own)]
        rules += [SpanRule(shape, last, _common(without), 0.0) for last in (False, True)]
    best, most = rules[0], -1
    for rule in rules:
        right = sum(rule.find(text) == target for text, _, target in rows)
        if right > most:
            best, most = rule, right
    return SpanRule(best.shape, best.last, best.otherwise, most / max(1, len(targets)))


def _common(targets: Sequence[str]) -> str:
    """The most frequent text if enough of the rows have it, else none."""
    text, times = Counter(targets).most_common(1)[0] if targets else ("", 0)
    return text if times >= _MIN_COMMON * len(targets) else ""


def shape_of(word: str) -> str:
    """The shape of a word: `A-0` for `A-48213`, `a` for `coffee`."""
    return "".join(kind for kind, _ in groupby(map(_kind, word)))


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def _words(text: str) -> Iterator[str]:
    for word in text.split():
        stripped = word.strip(_MARKS)
        if stripped:
            yield stripped
