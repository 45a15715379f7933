"""A text being read: what is explained so far, and which clauses hold words that nothing explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fw_assets.classification.instruction.stopwords import FILLER, HEDGES, NEGATORS

DATASET, MODEL, TAKEN = "\ue001", "\ue002", "\ue003"
"""What the working text shows in place of a dataset, of a model, and of words that are explained."""

NAMED = frozenset({"dataset", "eval_dataset", "models", "labels"})
"""Fields whose values are spelled out in full, so that other words beside them do not change them."""

_LOOKALIKES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\t": " "})
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_ABBREVIATIONS = re.compile(r"\b(?:vs|approx|incl|max|min)\.(?=\s)|\b(?:e\.g|i\.e)\.", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[;\n]")
_CLAUSE_END = re.compile(
    r"[.!?](?=[\s\"')]|$)|[;\n()]|,(?=\s)|\s-+\s|\b(?:and|but|then|while|so that|because)"
    r"\b",
    re.IGNORECASE,
)
_SCOPE_END = re.compile(
    r"[.;!?\n](?=\s|$)|\bbut\b|\binstead\b(?! of)|[,:]\s*(?:(?:please|just|only|and|then|"
    r"simply|rather)\s+)*(?:use|try|run|take"
    r"|go|fine|train|tune|benchmark|compare|deploy|evaluate|do|set|keep|split|spend|hold|"
    r"test|measure|stick)\b"
)
_WORD = re.compile(r"[^\W_](?:[\w'+%$€£./*^-]*\w)?%?|[$€£]\s?\d[\d.,]*|%")


@dataclass(frozen=True)
class Claim:
    """A field that a piece of the text (`start` to `end`) sets."""

    field: str
    value: Any
    start: int
    end: int


@dataclass
class AnnotatedText:
    """`text` is what a person wrote, `work` its lower-case shadow of equal length in which patterns look."""

    text: str
    work: str = ""
    claims: list[Claim] = field(default_factory=list)
    rejected: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = _DASHES.sub("-", self.text.translate(_LOOKALIKES))
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in self.text)
        self.work = _ABBREVIATIONS.sub(lambda found: found[0].replace(".", " "), lowered)

    def take(self, start: int, end: int, shown: str = TAKEN) -> None:
        """Mark a piece as explained."""
        self.work = self.work[:start] + shown * (end - start) + self.work[end:]

    def claim(self, name: str, value: Any, start: int, end: int, shown: str = TAKEN) -> None:
        """Mark a piece as explained by the field that it sets."""
        self.claims.append(Claim(name, value, start, end))
        self.take(start, end, shown)

    def reject(self, start: int, end: int) -> None:
        """Mark a piece as understood to be something that no field can hold, so that it is shown back."""
        self.rejected.append((start, end))
        self.take(start, end)

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence around a position."""
        start = 0
        for found in _SENTENCE_END.finditer(self.work):
            if found.start() >= position:
                return start, found.start()
            start = found.end()
        return start, len(self.work)

    def withdraw_doubtful(self) -> None:
        """Void what stands under a negation or a condition that no pattern accounted for."""
        for found in NEGATORS.finditer(self.work):
            stop = _SCOPE_END.search(self.work, found.end())
            self._void(found.start(), stop.start() if stop else len(self.work))
        for found in HEDGES.finditer(self.work):
            self._void(*self.sentence(found.start()))

    def withdraw_unclear(self) -> None:
        """Void settings that share their clause with an unexplained word: it may change their meaning."""
        for start, end in self._clauses():
            if self._words(start, end):
                for item in [item for item in self.claims if item.start < end and item.end > start]:
                    if item.field not in NAMED:
                        self._drop(item)

    def withdraw_conflicts(self) -> None:
        """Void all that is said about a field to which different values are given."""
        by_field: dict[str, list[Claim]] = {}
        for item in self.claims:
            by_field.setdefault(item.field, []).append(item)
        for name, items in by_field.items():
            if name != "models" and any(item.value != items[0].value for item in items):
                for item in items:
                    self._drop(item)

    def fields(self) -> dict[str, Any]:
        """The fields that are still claimed, in the order of the text; `models` gathers its claims."""
        ordered = sorted(self.claims, key=lambda item: item.start)
        found = {item.field: item.value for item in ordered}
        if "models" in found:
            found["models"] = tuple(dict.fromkeys(item.value for item in ordered if item.field == "models"))
        return found

    def unused(self) -> tuple[str, ...]:
        """The clauses with a word that nothing explains, as they were written; neighbours are joined."""
        found: list[tuple[int, int]] = []
        for start, end in self._clauses():
            if self._unexplained(start, end):
                if found and not re.search(r"[.;!?\n]", self.work[found[-1][1] : start]):
                    found[-1] = (found[-1][0], end)
                else:
                    found.append((start, end))
        cleaned = (_tidy(self.text[start:end]) for start, end in found)
        return tuple(dict.fromkeys(clause for clause in cleaned if clause))

    def _void(self, start: int, end: int) -> None:
        hit = [item for item in self.claims if item.start < end and item.end > start]
        for item in hit:
            self._drop(item)
        self.rejected.append((start, end))

    def _drop(self, item: Claim) -> None:
        self.claims.remove(item)
        self.rejected.append((item.start, item.end))

    def _clauses(self) -> Iterator[tuple[int, int]]:
        start = 0
        for found in _CLAUSE_END.finditer(self.work):
            yield start, found.start()
            start = found.end()
        yield start, len(self.work)

    def _unexplained(self, start: int, end: int) -> bool:
        if any(item[0] < end and item[1] > start for item in self.rejected):
            return True
        return bool(self._words(start, end))

    def _words(self, start: int, end: int) -> list[str]:
        """The words between two places that nothing explains."""
        rest = re.sub(f"[{DATASET}{MODEL}{TAKEN}]+", " ", self.work[start:end])
        return [word for word in _WORD.findall(rest) if word.strip("'") not in FILLER]


def _tidy(clause: str) -> str:
    clause = re.sub(r"\s+", " ", clause).strip(" ,.;:!?-()")
    return re.sub(r"^(?:and|but|then)\s+", "", clause, flags=re.IGNORECASE)
