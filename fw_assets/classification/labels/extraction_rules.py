"""Extraction rules: the formats in which an assistant's answer can state its label.

`RULES` is the only list of them. A rule finds labels in the answers of a dataset, locates the label in a model's
answer, and writes an answer for training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from fw_assets.classification.session import MAX_LABEL

GROUND_TRUTH = "ground_truth"
"""The name that stands for no rule: each row states its labels in a field of its own."""
"""Characters; a longer text is an explanation, not a label."""

_REASONING = re.compile(r"^.*</think>", re.DOTALL)
_BOXED = re.compile(r"\\boxed\{([^{}]+)\}")
_TAG = re.compile(r"<([A-Za-z][\w-]*)>([^<>]*)</\1>")
FENCED_BLOCK = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_PREFIX = re.compile(
    r"^[ \t>*#_-]*((?:final |predicted )?[A-Za-z][\w -]{0,29}?)[ \t*_]*[:=][ \t*_]*(\S.*?)[ \t*_]*$",
    re.MULTILINE,
)
_FIRST_WORD = re.compile(r"^\W*([\w+#'/-]+(?:[_-][\w+#'/-]+)*)")

KeyedLabels = tuple[str | None, tuple[str, ...]]
"""The key, tag or prefix that an answer uses (None for rules without one) and the labels under it."""


@dataclass(frozen=True)
class ExtractionRule:
    """One answer format.

    Attributes:
        location: where the label is, as a phrase for a person; `{key}` stands for the rule's key.
        find: the labels in an answer from which the reasoning is removed, by key.
        write: the answer that states a label, given the label and the key.
        locate: candidates for the label in a longer answer of a model, given the answer and the key. None where the
            answer as a whole is the label or is parsed as JSON.
        structured: the format itself says where the label is, so that a label found by it is no accident.
    """

    location: str
    find: Callable[[str], Iterable[KeyedLabels]]
    write: Callable[[str, str | None], str]
    locate: Callable[[str, str | None], Iterable[str]] | None = None
    structured: bool = True


class RuleMatch(NamedTuple):
    """The labels that one rule finds in one answer."""

    rule: str
    key: str | None
    labels: tuple[str, ...]


def rule_matches(answer: str) -> list[RuleMatch]:
    """The matches of all rules, in the order of `RULES`."""
    text = _without_reasoning(answer)
    return [RuleMatch(name, key, labels) for name, rule in RULES.items() for key, labels in rule.find(text)]


def find_labels(answer: str, rule: str, key: str | None) -> tuple[str, ...] | None:
    """The labels that one rule finds in the answer; None when it does not apply.

    Without a `key`, a keyed rule takes the first key in the answer.
    """
    for answer_key, labels in RULES[rule].find(_without_reasoning(answer)):
        if key in (None, answer_key):
            return labels
    return None


def json_answer(key: str, value: str | list[str]) -> str:
    """The answer that states one label or several as a JSON object."""
    return json.dumps({key: value}, ensure_ascii=False)


def _without_reasoning(answer: str) -> str:
    return _REASONING.sub("", answer).strip()


def _label(text: str) -> str | None:
    """The text without quotes around it, None when it is too long for a label or has several lines."""
    label = text.strip().strip("\"'`").strip()
    return label if label and len(label) <= MAX_LABEL and "\n" not in label else None


def _single(text: str, key: str | None = None) -> Iterator[KeyedLabels]:
    label = _label(text)
    if label is not None:
        yield key, (label,)


def _find_boxed(text: str) -> Iterator[KeyedLabels]:
    for content in _BOXED.findall(text)[-1:]:
        yield from _single(content)


def _find_tags(text: str) -> Iterator[KeyedLabels]:
    for tag, content in dict(_TAG.findall(text)).items():
        if tag != "think":
            yield from _single(content, tag)


def _find_json(text: str) -> Iterator[KeyedLabels]:
    """The label-like values of the JSON object in the text (alone, fenced, or after other words)."""
    for key, value in _json_object(text).items():
        if isinstance(value, str):
            yield from _single(value, key)
        elif isinstance(value, bool | int):
            yield key, (json.dumps(value),)
        elif isinstance(value, list) and all(isinstance(item, str) and _label(item) for item in value):
            yield key, tuple(dict.fromkeys(item.strip() for item in value))


def _find_fenced(text: str) -> Iterator[KeyedLabels]:
    for content in FENCED_BLOCK.findall(text)[-1:]:
        yield from _single(content)


def _find_prefixed(text: str) -> Iterator[KeyedLabels]:
    for prefix, content in dict(_PREFIX.findall(text)).items():
        yield from _single(content, prefix)


def _find_whole(text: str) -> Iterator[KeyedLabels]:
    if len(_lines(text)) == 1:
        yield from _single(text)


def _find_last_line(text: str) -> Iterator[KeyedLabels]:
    for line in _lines(text)[-1:]:
        yield from _single(line)


def _find_first_word(text: str) -> Iterator[KeyedLabels]:
    word = _FIRST_WORD.match(text)
    if word:
        yield from _single(word[1])


def _locate_tag(text: str, key: str | None) -> list[str]:
    tag = re.escape(key or "")
    return re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[-1:] if key else []


def _locate_prefixed(text: str, key: str | None) -> Iterator[str]:
    if not key:
        return
    prefix = key.strip().rstrip(":=").strip().casefold()
    for line in reversed(text.splitlines()):
        if line.strip().casefold().startswith(prefix):
            yield line.strip()[len(prefix) :].lstrip(" :=\t")
            return


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _json_object(text: str) -> dict[str, Any]:
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return {}
    try:
        value = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


RULES: dict[str, ExtractionRule] = {
    "boxed": ExtractionRule(
        location="the content of the last \\boxed{} of the answer",
        find=_find_boxed,
        write=lambda label, _: f"\\boxed{{{label}}}",
        locate=lambda text, _: _BOXED.findall(text)[-1:],
    ),
    "xml_tag": ExtractionRule(
        location="the content of the answer's tag <{key}>",
        find=_find_tags,
        write=lambda label, key: f"<{key}>{label}</{key}>",
        locate=_locate_tag,
    ),
    "json_key": ExtractionRule(
        location="the value of “{key}” in the answer's JSON object",
        find=_find_json,
        write=lambda label, key: json_answer(key or "label", label),
    ),
    "fenced_block": ExtractionRule(
        location="the last fenced block of the answer",
        find=_find_fenced,
        write=lambda label, _: f"```\n{label}\n```",
        locate=lambda text, _: FENCED_BLOCK.findall(text)[-1:],
    ),
    "label_prefix": ExtractionRule(
        location="what follows “{key}:” in the answer",
        find=_find_prefixed,
        write=lambda label, key: f"{key}: {label}",
        locate=_locate_prefixed,
    ),
    "whole_message": ExtractionRule(
        location="the whole answer",
        find=_find_whole,
        write=lambda label, _: label,
        structured=False,
    ),
    "last_line": ExtractionRule(
        location="the last line of the answer",
        find=_find_last_line,
        write=lambda label, _: label,
        locate=lambda text, _: text.splitlines()[-1:],
        structured=False,
    ),
    "first_word": ExtractionRule(
        location="the first word of the answer",
        find=_find_first_word,
        write=lambda label, _: label,
        locate=lambda text, _: text.split(maxsplit=1)[:1],
        structured=False,
    ),
}
"""By name, in order of preference: a format that says where the label is before one that guesses."""
