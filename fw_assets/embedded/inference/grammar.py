"""GBNF grammars with finitely many answers, expanded into those answers.

    root  ::= "Category: " label
    label ::= "billing" | "sales"

Literals, alternatives, sequences, groups, rule names and `?` are supported. A character class under `*` (optional
white space) counts as empty; every other repetition or class allows infinitely many answers and is refused.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Mapping

from fw_assets.embedded.errors import RpcError, invalid

MAX_ANSWERS = 5000
MAX_GRAMMAR_CHARACTERS = 2_000_000
_MAX_DEPTH = 50
# A grammar of a few rules can stand for answers beyond any memory, and for empty ones beyond any time.
_MAX_EXPANDED_CHARACTERS = 20_000_000
_RULE = re.compile(r"^[ \t]*([A-Za-z][\w-]*)\s*::=", re.MULTILINE)
_TOKEN = re.compile(
    r'\s*(?:"((?:[^"\\]|\\.)*)"|(\[(?:[^\]\\]|\\.)*\])|([A-Za-z][\w-]*)|([|()?*+])|(\{\d+(?:,\d*)?\}))',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}

_Token = tuple[str, str]


def expand_grammar(text: str) -> tuple[str, ...]:
    """Every answer that `root` allows, in the order of the grammar.

    Raises:
        RpcError: INVALID_ARGUMENT when it cannot be read, or allows infinitely or too many answers.
    """
    if len(text) > MAX_GRAMMAR_CHARACTERS:
        raise _refusal(f"it has more than {MAX_GRAMMAR_CHARACTERS:,} characters")
    text = _strip_comments(text)
    starts = list(_RULE.finditer(text))
    rules = {
        match[1]: text[match.end() : after.start() if after else len(text)]
        for match, after in zip(starts, [*starts[1:], None], strict=False)
    }
    if "root" not in rules:
        raise _refusal("it has no rule 'root'")
    return tuple(dict.fromkeys(_Expansion(rules).rule("root", 0)))


def _strip_comments(text: str) -> str:
    """`text` without comments; a `#` inside a literal stays."""
    # A quote that is not closed matches too: without it, each later quote would be tried to the end of the text.
    return re.sub(r'("(?:[^"\\]|\\.)*"?)|#[^\n]*', lambda match: match[1] or "", text)


class _Expansion:
    """The expansion of one grammar's rules. Each is expanded once; what all of them produce together is limited."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._rules = rules
        self._expanded: dict[str, list[str]] = {}
        self._characters = 0

    def rule(self, name: str, depth: int) -> list[str]:
        if name in self._expanded:
            return self._expanded[name]
        if name not in self._rules:
            raise _refusal(f"it has no rule {clip(name)!r}")
        if depth > _MAX_DEPTH:
            raise _refusal(f"rule {clip(name)!r} leads back to itself, or rules lead more than {_MAX_DEPTH} deep")
        tokens = _tokens(self._rules[name])
        answers = self._alternatives(tokens, depth)
        if tokens:
            raise _refusal(f"unexpected {clip(tokens[0][1])!r} in rule {clip(name)!r}")
        self._expanded[name] = answers
        return answers

    def _alternatives(self, tokens: deque[_Token], depth: int) -> list[str]:
        if depth > _MAX_DEPTH:
            raise _refusal(f"it is nested more than {_MAX_DEPTH} deep")
        answers = self._sequence(tokens, depth)
        while tokens and tokens[0] == ("sign", "|"):
            tokens.popleft()
            answers += self._sequence(tokens, depth)
            if len(answers) > MAX_ANSWERS:
                raise _refusal(f"it allows more than {MAX_ANSWERS} answers")
        return answers

    def _sequence(self, tokens: deque[_Token], depth: int) -> list[str]:
        answers = [""]
        while tokens and tokens[0] not in (("sign", "|"), ("sign", ")")):
            parts = self._item(tokens, depth)
            count = len(answers) * len(parts)
            if count > MAX_ANSWERS:
                raise _refusal(f"it allows more than {MAX_ANSWERS} answers")
            self._characters += len(parts) * sum(map(len, answers)) + len(answers) * sum(map(len, parts)) + count
            if self._characters > _MAX_EXPANDED_CHARACTERS:
                raise _refusal(f"its answers have more than {_MAX_EXPANDED_CHARACTERS:,} characters")
            answers = [answer + part for answer in answers for part in parts]
        return answers

    def _item(self, tokens: deque[_Token], depth: int) -> list[str]:
        kind, value = tokens.popleft()
        repeat = ""
        if kind == "literal":
            answers = [value]
        elif kind == "name":
            answers = self.rule(value, depth + 1)
        elif (kind, value) == ("sign", "("):
            answers = self._alternatives(tokens, depth + 1)
            if not tokens or tokens.popleft() != ("sign", ")"):
                raise _refusal("a '(' is not closed")
        elif kind == "class" and tokens and tokens[0] == ("sign", "*"):
            answers = [""]
        else:
            raise _refusal(f"{clip(value)!r} allows infinitely many answers")
        if tokens and tokens[0][0] in ("sign", "count") and tokens[0][1] not in ("|", "(", ")"):
            repeat = tokens.popleft()[1]
        if repeat == "?":
            return ["", *answers]
        if repeat and answers != [""]:
            raise _refusal(f"{repeat!r} after {clip(answers[0])!r} allows infinitely many answers")
        return answers


def _tokens(text: str) -> deque[_Token]:
    tokens: deque[_Token] = deque()
    text = text.rstrip()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(f"cannot read {clip(text[position : position + 200].strip())!r}")
        position = match.end()
        kind = ("literal", "class", "name", "sign", "count")[(match.lastindex or 1) - 1]
        value = match[match.lastindex or 1]
        tokens.append((kind, _literal(value) if kind == "literal" else value))
    return tokens


def _literal(text: str) -> str:
    """The text between the quotes; two escaped surrogates, as JSON writes them, are one character."""
    return _ESCAPE.sub(_unescape, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code and int(code, 16) > sys.maxunicode:
        raise _refusal(f"{match[0]!r} is no character")
    return chr(int(code, 16)) if code else _NAMED_ESCAPES.get(match[4], match[4])


def clip(text: str, most: int = 40) -> str:
    """The beginning of a caller's text, as a refusal quotes it."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _refusal(problem: str) -> RpcError:
    return invalid(
        f"response_format.grammar: {problem}; this platform's models choose among given answers, "
        'such as root ::= "billing" | "sales"',
        "response_format",
    )
