"""Annotated text: an instruction with the pieces that set session fields, and the clauses that remain unexplained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fw_assets.classification.instruction.stopwords import FILLER, HEDGES, NEGATORS

DATASET, MODEL, EXPLAINED = "\ue001", "\ue002", "\ue003"
"""Characters that mask a dataset, a model, and other explained words; from a private-use area, so in no instruction."""

LITERAL_FIELDS = frozenset({"dataset", "eval_dataset", "models", "labels"})
"""Fields whose values are spelled out, so that other words of the clause do not change their meaning."""

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
    r"simply|rather)\s+){0,10}(?:use|try|run|take"
    r"|go|fine|train|tune|benchmark|compare|deploy|evaluate|do|set|keep|split|spend|hold|"
    r"test|measure|stick)\b"
)
_WORD = re.compile(r"[^\W_](?:[\w'+%$€£./*^-]*\w)?%?|[$€£]\s?\d[\d.,]*|%")


@dataclass(frozen=True)
class Assignment:
    """A session field that a piece of the text (`start` to `end`) sets."""

    field: str
    value: Any
    start: int
    end: int


@dataclass
class AnnotatedText:
    """An instruction while its pieces are explained one by one.

    Attributes:
        text: as written, with typographic quotes and dashes replaced.
        masked: `text` in lower case, of equal length, with explained pieces masked; patterns search in it.
        assignments: the fields that are set so far.
        rejected: spans that are understood, but that no field can hold.
    """

    text: str
    masked: str = ""
    assignments: list[Assignment] = field(default_factory=list)
    rejected: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = _DASHES.sub("-", self.text.translate(_LOOKALIKES))
        # Some characters have a longer lower case, which would shift all positions after them.
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in self.text)
        self.masked = _ABBREVIATIONS.sub(lambda match: match[0].replace(".", " "), lowered)

    def mark(self, start: int, end: int, mask: str = EXPLAINED) -> None:
        """Mask a piece as explained."""
        self.masked = self.masked[:start] + mask * (end - start) + self.masked[end:]

    def assign(self, name: str, value: Any, start: int, end: int, mask: str = EXPLAINED) -> None:
        """Set a field, and mask the piece that says so."""
        self.assignments.append(Assignment(name, value, start, end))
        self.mark(start, end, mask)

    def reject(self, start: int, end: int) -> None:
        """Mask a piece that is understood but that no field can hold, so that its clause is reported as unused."""
        self.rejected.append((start, end))
        self.mark(start, end)

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence around a position."""
        start = 0
        for stop in _SENTENCE_END.finditer(self.masked):
            if stop.start() >= position:
                return start, stop.start()
            start = stop.end()
        return start, len(self.masked)

    def withdraw_negated(self) -> None:
        """Withdraw assignments in the scope of a negation or a condition that no pattern explained."""
        for negator in NEGATORS.finditer(self.masked):
            stop = _SCOPE_END.search(self.masked, negator.end())
            self._withdraw(negator.start(), stop.start() if stop else len(self.masked))
        for hedge in HEDGES.finditer(self.masked):
            self._withdraw(*self.sentence(hedge.start()))

    def withdraw_unexplained(self) -> None:
        """Withdraw assignments in a clause with an unexplained word, which may change their meaning."""
        for start, end in self._clauses():
            if self._unexplained_words(start, end):
                for item in self._assignments_in(start, end):
                    if item.field not in LITERAL_FIELDS:
                        self._drop(item)

    def withdraw_conflicts(self) -> None:
        """Withdraw all assignments of a field to which different values are assigned."""
        by_field: dict[str, list[Assignment]] = {}
        for item in self.assignments:
            by_field.setdefault(item.field, []).append(item)
        for name, items in by_field.items():
            if name != "models" and any(item.value != items[0].value for item in items):
                for item in items:
                    self._drop(item)

    def fields(self) -> dict[str, Any]:
        """The assigned fields in the order of the text; `models` collects the values of all its assignments."""
        ordered = sorted(self.assignments, key=lambda item: item.start)
        fields = {item.field: item.value for item in ordered}
        if "models" in fields:
            fields["models"] = tuple(dict.fromkeys(item.value for item in ordered if item.field == "models"))
        return fields

    def unused(self) -> tuple[str, ...]:
        """The clauses with a rejected piece or an unexplained word, as written; adjacent ones are joined."""
        spans: list[tuple[int, int]] = []
        for start, end in self._clauses():
            rejected = any(first < end and last > start for first, last in self.rejected)
            if not rejected and not self._unexplained_words(start, end):
                continue
            if spans and not re.search(r"[.;!?\n]", self.masked[spans[-1][1] : start]):
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        clauses = (_tidy(self.text[start:end]) for start, end in spans)
        return tuple(dict.fromkeys(clause for clause in clauses if clause))

    def _assignments_in(self, start: int, end: int) -> list[Assignment]:
        return [item for item in self.assignments if item.start < end and item.end > start]

    def _withdraw(self, start: int, end: int) -> None:
        for item in self._assignments_in(start, end):
            self._drop(item)
        self.rejected.append((start, end))

    def _drop(self, item: Assignment) -> None:
        self.assignments.remove(item)
        self.rejected.append((item.start, item.end))

    def _clauses(self) -> Iterator[tuple[int, int]]:
        start = 0
        for stop in _CLAUSE_END.finditer(self.masked):
            yield start, stop.start()
            start = stop.end()
        yield start, len(self.masked)

    def _unexplained_words(self, start: int, end: int) -> list[str]:
        rest = re.sub(f"[{DATASET}{MODEL}{EXPLAINED}]+", " ", self.masked[start:end])
        return [word for word in _WORD.findall(rest) if word.strip("'") not in FILLER]


def _tidy(clause: str) -> str:
    clause = re.sub(r"\s+", " ", clause).strip(" ,.;:!?-()")
    return re.sub(r"^(?:and|but|then)\s+", "", clause, flags=re.IGNORECASE)
