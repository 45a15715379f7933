"""Extraction rules: the formats in which an assistant's answer can state its label.

`RULES` is the only list of them. A rule finds labels in the answers of a dataset, locates the label in a model's
answer, and writes an answer for training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fw_assets.classification.labels.json_rules import (
    LABEL_WORDS,
    KeyedLabels,
    find_flags,
    find_json,
    find_list,
    json_answer,
    locate_json,
)
from fw_assets.classification.session import MAX_LABEL

GROUND_TRUTH = "ground_truth"
"""The name that stands for no rule: each row states its labels in a field of its own."""

_REASONING = re.compile(
    r"^.*</think>|^\s*<(thinking|thought|reasoning|reflection|analysis|scratchpad)>.*?</\1>(?=\s*\S)", re.DOTALL
)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\(?:text\w*|mathrm)\{)?([^{}]+)\}")
_TAG = re.compile(r"<([A-Za-z][\w-]*)>([^<>]*)</\1>")
FENCED_BLOCK = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
# Marks that belong to the letters of a word, which `\w` leaves out.
_MARKS = "\u200c\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f"
_PREFIX = re.compile(
    rf"^[ \t>*#_-]*(?P<key>[^\W\d_][\w{_MARKS} -]{{0,39}}?)[ \t*_]*"
    r"(?P<sign>：|[:=](?!/)|(?<=\s)(?:[-–—]|->|=>|→)(?=\s))[ \t*_]*(?P<label>\S.*?)[ \t*_]*$",
    re.MULTILINE,
)
_SIGNS = " \t:=：-–—→>"
MAX_PREFIX_WORDS = 5
_FIRST_WORD = re.compile(r"^\W*([\w+#'/-]+(?:[_-][\w+#'/-]+)*)")


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
        if key is None or same_key(rule, answer_key, key):
            return labels
    return None


def same_key(rule: str, first: str | None, second: str | None) -> bool:
    """Whether two keys are one: of prefixes, case and the sign behind them do not count."""
    return first == second or (rule == "label_prefix" and prefix_words(first) == prefix_words(second))


def prefix_words(key: str | None) -> str:
    """A prefix without its sign, for comparison."""
    return " ".join((key or "").casefold().rstrip(_SIGNS).split())


def _without_reasoning(answer: str) -> str:
    return _REASONING.sub("", answer).strip()


def _label(text: str) -> str | None:
    """The text as it is written, None when it is too long for a label."""
    label = text.strip()
    return label if label and len(label) <= MAX_LABEL else None


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


def _find_fenced(text: str) -> Iterator[KeyedLabels]:
    for content in FENCED_BLOCK.findall(text)[-1:]:
        yield from _single(content)


def _find_prefixed(text: str) -> Iterator[KeyedLabels]:
    """What follows a prefix, which is a name of labels or is set off by a space: `a:b` is a label of its own."""
    seen = set()
    for match in _PREFIX.finditer(text):
        key, sign = match["key"].strip(), match["sign"]
        words = prefix_words(key)
        space = text[match.end("sign") : match.start("label")].strip("*_")
        is_prefix = words in LABEL_WORDS or not key.isascii() or sign in ("=", "：") or (sign == ":" and space)
        if is_prefix and len(key.split()) <= MAX_PREFIX_WORDS and words not in seen:
            seen.add(words)
            behind = "" if sign in ":=" else sign if sign == "：" else f" {sign}"
            yield from _single(match["label"], f"{key}{behind}")


def _find_whole(text: str) -> Iterator[KeyedLabels]:
    if len(_lines(text)) == 1 or not text.startswith("<"):
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
    prefix = (key or "").casefold().rstrip(_SIGNS).strip()
    if not prefix:
        return
    for line in reversed(text.splitlines()):
        if line.strip().casefold().startswith(prefix):
            yield line.strip()[len(prefix) :].lstrip(_SIGNS)
            return


def _write_prefixed(label: str, key: str | None) -> str:
    sign = "" if (key or "").endswith("：") else " " if (key or "").endswith(tuple(_SIGNS)) else ": "
    return f"{key}{sign}{label}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


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
    "flags": ExtractionRule(
        location="every name that is true in the answer",
        find=lambda text: find_flags(text, _label),
        write=lambda label, _: json_answer("label", label),
    ),
    "json_key": ExtractionRule(
        location="the value of “{key}” in the answer's JSON object",
        find=lambda text: find_json(text, _label),
        write=lambda label, key: json_answer(key or "label", label),
        locate=locate_json,
    ),
    "json_list": ExtractionRule(
        location="the items of the answer's JSON list",
        find=lambda text: find_list(text, _label),
        write=lambda label, key: json.dumps([{key: label} if key else label], ensure_ascii=False),
        locate=lambda text, key: [
            label for found, labels in find_list(text, _label) if found == key for label in labels
        ],
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
        write=_write_prefixed,
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
