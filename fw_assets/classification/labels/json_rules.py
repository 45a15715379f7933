"""Labels in answers that are JSON, or objects and lists as Python writes them: under a key, in a list, as flags.

A key of nested objects is a path, `result.label`; `[]` behind a name stands for each item of a list, as in
`labels[].name`. A point that is part of a name is written `\\.`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fw_assets.classification.spelling.label_lists import parse_literal

LABEL_WORDS = (
    *("label", "labels", "category", "categories", "class", "classification", "intent", "sentiment", "topic"),
    *("answer", "output", "result", "prediction", "type", "tag", "emotion", "emotions", "verdict", "decision"),
    *("department", "route", "queue", "ground_truth", "value", "name"),
)
"""Usual names of the key, tag or prefix of a label, the surest first."""
MAX_DEPTH = 8
_NAME = re.compile(r"((?:[^.\\\[]|\\.|\[(?!\]))*)((?:\[\])?)(?:\.|$)")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FLAG_END = re.compile(rf"[:=]\s*({'|'.join(_FLAGS)})$", re.IGNORECASE)

KeyedLabels = tuple[str | None, tuple[str, ...]]
"""The key, tag or prefix that an answer uses (None for rules without one) and the labels under it."""
Label = Callable[[str], str | None]
"""A text as a label; None where it is too long for one."""


def json_answer(key: str, value: str | list[str]) -> str:
    """The answer that states one label or several as a JSON object."""
    return json.dumps(_nested(_path(key), value), ensure_ascii=False)


def is_flat(key: str) -> bool:
    """Whether the key is a name of the answer's object itself."""
    return len(path := _path(key)) == 1 and not path[0][1] and "." not in path[0][0]


def path_of(key: str) -> tuple[str, ...]:
    """The names that a key consists of, up to the first that holds a list of objects."""
    names: list[str] = []
    for name, is_list in _path(key):
        names.append(name)
        if is_list:
            break
    return tuple(names)


def is_path(key: str) -> bool:
    """Whether the key is a value of the answer's object or of objects in it, and not one of objects in lists."""
    return not any(is_list for _, is_list in _path(key))


def key_of(path: Sequence[str]) -> str:
    """The key that consists of names."""
    return ".".join(name.replace(".", "\\.") for name in path)


def find_json(text: str, label: Label) -> Iterator[KeyedLabels]:
    """The label-like values of the object in the text (alone, fenced, or after other words), by key."""
    values = dict(_values(_object(text), "", label, depth=0))
    texts = {key: labels for key, (labels, is_number) in values.items() if not is_number}
    yield from (texts or {key: labels for key, (labels, _) in values.items()}).items()


def find_list(text: str, label: Label) -> Iterator[KeyedLabels]:
    """The labels of a text that is a list of texts, or of objects with the label under a key."""
    begin = text.find("[")
    value = _between(text, "[", "]") if "{" not in text[: max(begin, 0)] else None
    if not isinstance(value, list):
        return
    labels = _texts(value, label)
    if labels is not None:
        yield None, labels
    for key in dict.fromkeys(key for item in value if isinstance(item, dict) for key in item):
        labels = _texts([item.get(key) if isinstance(item, dict) else None for item in value], label)
        if labels:
            yield str(key), labels


def find_flags(text: str, label: Label) -> Iterator[KeyedLabels]:
    """The names that are true in an object, or in lines "name: yes", that says of each label whether it applies."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ends = [_FLAG_END.search(line) for line in lines]
    if len(lines) > 1 and None not in ends:
        yield None, tuple(end.string[: end.start()].strip() for end in ends if end and _flag(end[1]))
        return
    for path, value in _objects(_object(text), "", depth=0):
        flags = {str(name): _flag(item) for name, item in value.items()}
        named = any(word.casefold() in LABEL_WORDS for word in flags)
        if len(flags) > 1 and None not in flags.values() and not named and all(map(label, flags)):
            yield path or None, tuple(name for name, applies in flags.items() if applies)


def locate_json(text: str, key: str | None) -> Iterator[str]:
    for found, labels in find_json(text, lambda value: value):
        if found == key:
            yield from labels


def _object(text: str) -> dict[str, Any]:
    value = _between(text, "{", "}")
    return value if isinstance(value, dict) else {}


def _between(text: str, opening: str, closing: str) -> object:
    begin, end = text.find(opening), text.rfind(closing)
    return None if begin < 0 or end < begin else parse_literal(text[begin : end + 1])


def _objects(value: dict[Any, Any], path: str, depth: int) -> Iterator[tuple[str, dict[Any, Any]]]:
    yield path, value
    for name, item in value.items():
        if isinstance(item, dict) and depth < MAX_DEPTH:
            yield from _objects(item, _joined(path, name), depth + 1)


def _values(
    value: Mapping[Any, Any], path: str, label: Label, depth: int
) -> Iterator[tuple[str, tuple[tuple[str, ...], bool]]]:
    """By key, the labels and whether they are a number with a fraction: a score, where there is anything else."""
    for name, item in value.items():
        key = _joined(path, name)
        if isinstance(item, dict) and depth < MAX_DEPTH:
            yield from _values(item, key, label, depth + 1)
        elif isinstance(item, list):
            labels = _texts(item, label)
            if labels is not None:
                yield key, (labels, False)
            for inner in dict.fromkeys(inner for each in item if isinstance(each, dict) for inner in each):
                labels = _texts([each.get(inner) if isinstance(each, dict) else None for each in item], label)
                if labels:
                    yield _joined(f"{key}[]", inner), (labels, False)
        elif isinstance(item, float) and not math.isfinite(item):
            continue
        elif item is None or isinstance(item, bool | int | float):
            yield key, ((json.dumps(item),), isinstance(item, float))
        elif isinstance(item, str) and (text := label(item)) is not None:
            yield key, ((text,), False)


def _texts(items: list[Any], label: Label) -> tuple[str, ...] | None:
    """The items as labels; None unless each is one."""
    if not all(isinstance(item, str) or (isinstance(item, int) and not isinstance(item, bool)) for item in items):
        return None
    labels = [label(item if isinstance(item, str) else str(item)) for item in items]
    return None if None in labels else tuple(dict.fromkeys(text for text in labels if text is not None))


def _flag(value: object) -> bool | None:
    if isinstance(value, str):
        return _FLAGS.get(value.strip().casefold())
    return bool(value) if value in (0, 1) else None


def _joined(path: str, name: object) -> str:
    escaped = str(name).replace(".", "\\.")
    return f"{path}.{escaped}" if path else escaped


def _path(key: str) -> list[tuple[str, bool]]:
    """The names of a path, and whether each holds a list."""
    names = [(match[1].replace("\\.", "."), bool(match[2])) for match in _NAME.finditer(key) if match[0]]
    return names or [(key, False)]


def _nested(path: list[tuple[str, bool]], value: Any) -> Any:
    (name, is_list), rest = path[0], path[1:]
    if not is_list:
        return {name: _nested(rest, value) if rest else value}
    items = value if isinstance(value, list) else [value]
    return {name: [_nested(rest, item) if rest else item for item in items]}
