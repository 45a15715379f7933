"""GBNF grammars with finitely many answers, expanded into those answers.

    root  ::= "Category: " label
    label ::= "billing" | "sales"

Literals, alternatives, sequences, groups, rule names and `?` are supported. A character class under `*` (optional
white space) counts as empty; every other repetition or class allows infinitely many answers and is refused.
"""

from __future__ import annotations

import re

from fw_assets.embedded.errors import RpcError, invalid

MAX_ANSWERS = 5000
_MAX_DEPTH = 50
_RULE = re.compile(r"^\s*([A-Za-z][\w-]*)\s*::=", re.MULTILINE)
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
        RpcError: INVALID_ARGUMENT when it cannot be read or allows infinitely many answers.
    """
    text = _strip_comments(text)
    starts = list(_RULE.finditer(text))
    rules = {
        match[1]: text[match.end() : after.start() if after else len(text)]
        for match, after in zip(starts, [*starts[1:], None], strict=False)
    }
    if "root" not in rules:
        raise _refusal("it has no rule 'root'")
    return tuple(dict.fromkeys(_expand_rule(rules, "root", 0)))


def _strip_comments(text: str) -> str:
    """`text` without comments; a `#` inside a literal stays."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|#[^\n]*', lambda match: match[1] or "", text)


def _expand_rule(rules: dict[str, str], name: str, depth: int) -> list[str]:
    if name not in rules:
        raise _refusal(f"it has no rule {name!r}")
    if depth > _MAX_DEPTH:
        raise _refusal(f"rule {name!r} leads back to itself")
    tokens = _tokens(rules[name])
    answers = _alternatives(rules, tokens, depth)
    if tokens:
        raise _refusal(f"unexpected {tokens[0][1]!r} in rule {name!r}")
    return answers


def _alternatives(rules: dict[str, str], tokens: list[_Token], depth: int) -> list[str]:
    answers = _sequence(rules, tokens, depth)
    while tokens and tokens[0] == ("sign", "|"):
        tokens.pop(0)
        answers += _sequence(rules, tokens, depth)
    return answers


def _sequence(rules: dict[str, str], tokens: list[_Token], depth: int) -> list[str]:
    answers = [""]
    while tokens and tokens[0] not in (("sign", "|"), ("sign", ")")):
        parts = _item(rules, tokens, depth)
        if len(answers) * len(parts) > MAX_ANSWERS:
            raise _refusal(f"it allows more than {MAX_ANSWERS} answers")
        answers = [answer + part for answer in answers for part in parts]
    return answers


def _item(rules: dict[str, str], tokens: list[_Token], depth: int) -> list[str]:
    kind, value = tokens.pop(0)
    repeat = ""
    if kind == "literal":
        answers = [value]
    elif kind == "name":
        answers = _expand_rule(rules, value, depth + 1)
    elif (kind, value) == ("sign", "("):
        answers = _alternatives(rules, tokens, depth + 1)
        if not tokens or tokens.pop(0) != ("sign", ")"):
            raise _refusal("a '(' is not closed")
    elif kind == "class" and tokens and tokens[0] == ("sign", "*"):
        answers = [""]
    else:
        raise _refusal(f"{value!r} allows infinitely many answers")
    if tokens and tokens[0][0] in ("sign", "count") and tokens[0][1] not in ("|", "(", ")"):
        repeat = tokens.pop(0)[1]
    if repeat == "?":
        return ["", *answers]
    if repeat and answers != [""]:
        raise _refusal(f"{repeat!r} after {answers[0]!r} allows infinitely many answers")
    return answers


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(f"cannot read {text[position:].strip()[:40]!r}")
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
    return chr(int(code, 16)) if code else _NAMED_ESCAPES.get(match[4], match[4])


def _refusal(problem: str) -> RpcError:
    return invalid(
        f"response_format.grammar: {problem}; this platform's models choose among given answers, "
        'such as root ::= "billing" | "sales"',
        "response_format",
    )
