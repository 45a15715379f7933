"""The `filter` parameter: the part of AIP-160 that selects resources by their fields.

    state=READY AND (kind="HF_PEFT_ADDON" OR NOT public=true) AND createTime > "2026-01-01T00:00:00Z"

Comparisons are `= != < <= > >=` and `:` (contains). Fields are paths such as `peftDetails.r`, in camelCase
or snake_case. A field that a resource lacks compares as empty text.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from fw_assets.embedded.errors import invalid

Predicate = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(r'\s*(?:(\()|(\))|(!=|<=|>=|=|<|>|:)|"((?:[^"\\]|\\.)*)"|([^\s()=!<>:"]+))')
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    ":": lambda found, wanted: str(wanted) in str(found),
}


def parse_filter(text: str) -> Predicate:
    """The predicate that `text` stands for; of an empty text, one that takes everything.

    Raises:
        ApiError: INVALID_ARGUMENT when it cannot be read.
    """
    if not text.strip():
        return lambda _: True
    return _Parser(text).parse()


def field_value(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path, or empty text."""
    value: Any = document
    for part in path.split("."):
        value = value.get(camel_case(part), "") if isinstance(value, Mapping) else ""
    return value


def camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error()
            position = match.end()
            kind = ("open", "close", "operator", "string", "word")[(match.lastindex or 1) - 1]
            self.tokens.append((kind, re.sub(r"\\(.)", r"\1", match[match.lastindex or 1])))

    def parse(self) -> Predicate:
        predicate = self._disjunction()
        if self.tokens:
            raise self._error()
        return predicate

    def _disjunction(self) -> Predicate:
        terms = [self._conjunction()]
        while self._word("OR"):
            terms.append(self._conjunction())
        return lambda document: any(term(document) for term in terms)

    def _conjunction(self) -> Predicate:
        terms = [self._negation()]
        # AIP-160 lets AND be left out between two restrictions.
        while self._word("AND") or (
            self.tokens and self.tokens[0][0] in ("word", "open") and self.tokens[0] != ("word", "OR")
        ):
            terms.append(self._negation())
        return lambda document: all(term(document) for term in terms)

    def _negation(self) -> Predicate:
        if self._word("NOT"):
            inner = self._negation()
            return lambda document: not inner(document)
        if self.tokens and self.tokens[0][0] == "open":
            self.tokens.pop(0)
            inner = self._disjunction()
            self._take("close")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        path = self._take("word")
        compare = _COMPARE[self._take("operator")]
        wanted = self._take("string", "word")

        def holds(document: Mapping[str, Any]) -> bool:
            found = field_value(document, path)
            if isinstance(found, bool):
                return compare(str(found).lower(), wanted.lower())
            try:
                return compare(float(found), float(wanted))
            except (TypeError, ValueError):
                return compare(str(found), wanted)

        return holds

    def _word(self, word: str) -> bool:
        if self.tokens and self.tokens[0] == ("word", word):
            self.tokens.pop(0)
            return True
        return False

    def _take(self, *kinds: str) -> str:
        if not self.tokens or self.tokens[0][0] not in kinds:
            raise self._error()
        return self.tokens.pop(0)[1]

    def _error(self) -> Exception:
        return invalid(f"filter: cannot read {self.text!r}; expected something like state=READY", "filter")
