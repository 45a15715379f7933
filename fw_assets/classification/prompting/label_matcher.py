"""Matching an answer's text against the label set, strictly and leniently."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from fw_assets.classification.prompting.label_finder import find_labels
from fw_assets.classification.prompting.normalize import NORMALISERS
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.unwrap import unwrap

Match = tuple[str, ...] | Literal["ambiguous"] | None

_SEVERAL = re.compile(r"\s*[,;|\n]\s*")
_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)```", re.DOTALL)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")


class LabelMatcher:
    """Reads answers to one prompt. A label matches as a whole or not at all; nothing is guessed."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._normalise = NORMALISERS[prompt.strictness]
        self._finder = find_labels(prompt.labels, prompt.strictness)
        self._exact = {label: position for position, label in enumerate(prompt.labels)}
        self._normal = {self._normalise(label): position for position, label in enumerate(prompt.labels)}
        for position, answer in enumerate(prompt.answers or ()):
            self._exact.setdefault(answer, position)
            self._normal.setdefault(self._normalise(answer), position)

    def is_blank(self, text: str) -> bool:
        """Whether nothing is left under the wrapping (and the text is no label itself)."""
        return self._whole(text) is None and any(not form for form in unwrap(text))

    def strict(self, text: str) -> Match:
        """The labels of an answer in the asked format; None when it is not one."""
        if self._prompt.json_key is not None:
            return self._json(text)
        position = self._whole(text)
        if position is None:
            position = next(filter(lambda found: found is not None, map(self._whole, self._unwrapped(text))), None)
        return None if position is None else (self._prompt.labels[position],)

    def lenient(self, text: str) -> Match:
        """The one label that the text names although its format is wrong; None when it names none."""
        if self._prompt.multi_label:
            return self._lenient_set(text)
        position = self._whole(text)
        if position is not None:
            return (self._prompt.labels[position],)
        named = self._named(text)
        if len({found for found, _ in named}) > 1:
            return "ambiguous"
        if not named or any(negated for _, negated in named):
            return None
        return (self._prompt.labels[named[0][0]],)

    def _whole(self, text: str) -> int | None:
        """The label that the whole text is, once enough of its wrapping is off."""
        for form in unwrap(text):
            if form in self._exact:
                return self._exact[form]
            position = self._normal.get(self._normalise(form)) if form else None
            if position is not None:
                return position
        return None

    def _unwrapped(self, text: str) -> Iterator[str]:
        """Where the dataset's own answer format puts the label in a longer answer: always the last place."""
        rule, key = self._prompt.rule, self._prompt.key
        if rule == "last_line":
            yield text.splitlines()[-1]
        elif rule == "first_word":
            yield text.split(maxsplit=1)[0]
        elif rule == "xml_tag" and key:
            yield from re.findall(rf"<{re.escape(key)}>(.*?)</{re.escape(key)}>", text, re.DOTALL)[-1:]
        elif rule == "fenced_block":
            yield from _FENCED.findall(text)[-1:]
        elif rule == "boxed":
            yield from _BOXED.findall(text)[-1:]
        elif rule == "label_prefix" and key:
            prefix = key.strip().rstrip(":=").strip().casefold()
            for line in reversed(text.splitlines()):
                start = line.strip().casefold()
                if start.startswith(prefix):
                    yield line.strip()[len(prefix) :].lstrip(" :=\t")
                    return

    def _json(self, text: str) -> Match:
        """The labels of a text that is one JSON object as a whole (a code fence around it is allowed)."""
        for form in unwrap(text):
            if not form.startswith("{"):
                continue
            try:
                value = json.loads(form, object_pairs_hook=_Pairs)
            except (ValueError, RecursionError):
                return None
            return self._from_object(value)
        return None

    def _from_object(self, value: Any) -> Match:
        if not isinstance(value, _Pairs):
            return None
        values = value.under(self._prompt.json_key or "")
        if not values:
            return None
        if self._prompt.multi_label:
            sets = {self._listed(item) for item in values}
            return "ambiguous" if len(sets) > 1 else next(iter(sets))
        positions = {self._scalar(item) for item in values}
        if len(positions) > 1:
            return "ambiguous"
        position = next(iter(positions))
        return None if position is None else (self._prompt.labels[position],)

    def _scalar(self, value: Any) -> int | None:
        if isinstance(value, list | _Pairs) or value is None:
            return None
        text = value if isinstance(value, str) else json.dumps(value)
        position = self._exact.get(text)
        return self._normal.get(self._normalise(text)) if position is None else position

    def _listed(self, value: Any) -> tuple[str, ...] | None:
        """The labels of a list that holds labels only, in label-set order."""
        if not isinstance(value, list):
            return None
        positions = [self._scalar(item) for item in value]
        if any(position is None for position in positions):
            return None
        return self._in_order(position for position in positions if position is not None)

    def _named(self, text: str) -> list[tuple[int, bool]]:
        """Whole-word occurrences; of JSON objects in the text, only their string values are read."""
        texts = [string for found in _objects(text) for string in found.strings()] or [text]
        return [found for part in texts for found in self._finder.find(part)]

    def _lenient_set(self, text: str) -> Match:
        """The labels of a list in another shape; entries that are no label are left out."""
        objects = [found for found in _objects(text) if found.under(self._prompt.json_key or "")]
        if len(objects) > 1:
            return "ambiguous"
        pieces: list[str] = []
        for item in objects[0].under(self._prompt.json_key or "") if objects else [text]:
            parts = item if isinstance(item, list) else [item]
            pieces += [piece for part in parts if isinstance(part, str) for piece in _SEVERAL.split(part)]
        positions = [self._whole(piece.strip("[]{} ")) for piece in pieces if piece.strip()]
        return self._in_order(position for position in positions if position is not None) or None

    def _in_order(self, positions: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._prompt.labels[position] for position in sorted(set(positions)))


class _Pairs:
    """A JSON object that keeps a key that is given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self._pairs = pairs

    def under(self, key: str) -> list[Any]:
        return [value for name, value in self._pairs if name == key]

    def strings(self) -> list[str]:
        nested: list[str] = []
        for _, value in self._pairs:
            for item in value if isinstance(value, list) else [value]:
                nested += item.strings() if isinstance(item, _Pairs) else [item] if isinstance(item, str) else []
        return nested


def _objects(text: str) -> Iterator[_Pairs]:
    """The JSON objects that stand in a longer text."""
    decoder = json.JSONDecoder(object_pairs_hook=_Pairs)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if isinstance(value, _Pairs):
                yield value
        start = text.find("{", end)
