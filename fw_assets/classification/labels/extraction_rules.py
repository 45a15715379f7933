"""The formats an assistant's answer can carry its label in: how each is read, and how it is written again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Rule = Literal[
    "ground_truth",
    "boxed",
    "xml_tag",
    "json_key",
    "fenced_block",
    "label_prefix",
    "whole_message",
    "last_line",
    "first_word",
]

MAX_LABEL = 100
"""Characters; a longer text is an explanation, not a label."""

LABEL_WORDS = (
    *("label", "labels", "category", "categories", "class", "classification", "intent", "sentiment", "topic"),
    *(
        "answer",
        "output",
        "result",
        "prediction",
        "type",
        "tag",
        "emotion",
        "emotions",
        "verdict",
        "decision",
    ),
    *("department", "route", "queue", "ground_truth", "value", "name"),
)
"""What people call the key, tag or prefix of a label, the surest first."""

_THINK = re.compile(r"^.*</think>", re.DOTALL)
_BOXED = re.compile(r"\\boxed\{([^{}]+)\}")
_TAG = re.compile(r"<([A-Za-z][\w-]*)>([^<>]*)</\1>")
_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)\n?```", re.DOTALL)
_PREFIX = re.compile(
    r"^[ \t>*#_-]*((?:final |predicted )?[A-Za-z][\w -]{0,29}?)[ \t*_]*[:=][ \t*_]*(\S.*?)[ \t*_]*$",
    re.MULTILINE,
)
_FIRST_WORD = re.compile(r"^\W*([\w+#'/-]+(?:[_-][\w+#'/-]+)*)")


class RuleMatch(NamedTuple):
    """What one rule reads in one answer; `key` is the JSON key, tag or prefix, None for the other rules."""

    rule: Rule
    key: str | None
    labels: tuple[str, ...]


def rule_matches(answer: str) -> list[RuleMatch]:
    """Every way to read labels out of the answer, structured formats first."""
    text = _THINK.sub("", answer).strip()
    found: list[RuleMatch] = []
    boxes = _BOXED.findall(text)
    if boxes:
        found.append(RuleMatch("boxed", None, _one(boxes[-1])))
    found += [
        RuleMatch("xml_tag", tag, _one(inner)) for tag, inner in dict(_TAG.findall(text)).items() if tag != "think"
    ]
    found += [RuleMatch("json_key", key, labels) for key, labels in json_labels(text).items()]
    fences = _FENCE.findall(text)
    if fences:
        found.append(RuleMatch("fenced_block", None, _one(fences[-1])))
    found += [RuleMatch("label_prefix", prefix, _one(rest)) for prefix, rest in dict(_PREFIX.findall(text)).items()]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        found.append(RuleMatch("whole_message", None, _one(text)))
    if lines:
        found.append(RuleMatch("last_line", None, _one(lines[-1])))
    first = _FIRST_WORD.match(text)
    if first:
        found.append(RuleMatch("first_word", None, _one(first[1])))
    return [reading for reading in found if reading.labels or reading.rule == "json_key"]


def read(answer: str, rule: Rule, key: str | None) -> tuple[str, ...] | None:
    """The labels that one rule reads in the answer; None when it does not apply.

    Without a `key`, a keyed rule takes the first key in the answer.
    """
    for reading in rule_matches(answer):
        if reading.rule == rule and key in (None, reading.key):
            return reading.labels
    return None


def json_labels(text: str) -> dict[str, tuple[str, ...]]:
    """The label-like values of the JSON object in the text (alone, fenced, or after other words), by key."""
    value = _json_object(text)
    found: dict[str, tuple[str, ...]] = {}
    for key, item in (value or {}).items():
        if isinstance(item, str) and _one(item):
            found[key] = _one(item)
        elif isinstance(item, bool | int):
            found[key] = (json.dumps(item),)
        elif isinstance(item, list) and all(isinstance(label, str) and _one(label) for label in item):
            found[key] = tuple(dict.fromkeys(label.strip() for label in item))
    return found


def render(rule: Rule, key: str | None, labels: Sequence[str], original: str | None, multi_label: bool) -> str:
    """The answer that says `labels` in a rule's format; `read` gives them back.

    Args:
        original: the user's own answer, whose other words and spelling are kept where the rule finds its
            labels in it; None writes the bare format.
        multi_label: the labels are a list. Text formats separate them with ", "; without a format of
            the user's own the list is the JSON object {"labels": [...]}.
    """
    if original is not None and read(original, rule, key) is not None:
        kept = _replaced(original, rule, key, labels, multi_label)
        if kept is not None:
            return kept
    text = ", ".join(labels)
    match rule:
        case "json_key":
            return json.dumps({key or "label": list(labels) if multi_label else text}, ensure_ascii=False)
        case "boxed":
            return f"\\boxed{{{text}}}"
        case "xml_tag":
            return f"<{key}>{text}</{key}>"
        case "fenced_block":
            return f"```\n{text}\n```"
        case "label_prefix":
            return f"{key}: {text}"
        case "ground_truth" | "whole_message" | "last_line" | "first_word":
            return json.dumps({"labels": list(labels)}, ensure_ascii=False) if multi_label else text


def _replaced(original: str, rule: Rule, key: str | None, labels: Sequence[str], multi_label: bool) -> str | None:
    """The original with the last place the rule reads from rewritten; None when the bare format must do."""
    text = ", ".join(labels)
    think = _THINK.match(original)
    start = think.end() if think else 0
    if rule == "json_key":
        value = _json_object(original[start:].strip())
        if value is None or key is None:
            return None
        item: Any = list(labels) if multi_label or isinstance(value.get(key), list) else text
        whole = json.dumps({**value, key: item}, ensure_ascii=False)
        begin, end = original.find("{", start), original.rfind("}")
        return original[:begin] + whole + original[end + 1 :]
    pattern: re.Pattern[str] | None = None
    if rule == "boxed":
        pattern = _BOXED
    elif rule == "xml_tag":
        pattern = re.compile(rf"<{re.escape(key or '')}>([^<>]*)</{re.escape(key or '')}>")
    elif rule == "fenced_block":
        pattern = _FENCE
    elif rule == "label_prefix":
        pattern = re.compile(rf"^[ \t>*#_-]*{re.escape(key or '')}[ \t*_]*[:=][ \t*_]*(\S.*?)[ \t*_]*$", re.MULTILINE)
    elif rule == "first_word":
        pattern = _FIRST_WORD
    elif rule == "last_line":
        pattern = re.compile(r"(\S[^\n]*?)\s*\Z")
    if pattern is None or multi_label:
        return None
    places = list(pattern.finditer(original, start))
    if not places:
        return None
    place = places[0] if rule == "first_word" else places[-1]
    return original[: place.start(1)] + text + original[place.end(1) :]


def _json_object(text: str) -> dict[str, Any] | None:
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        value = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _one(text: str) -> tuple[str, ...]:
    label = text.strip().strip("\"'`").strip()
    return (label,) if label and len(label) <= MAX_LABEL and "\n" not in label else ()
