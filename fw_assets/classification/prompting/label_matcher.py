"""Label matcher: strict and lenient matching of an answer's text against the label set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from fw_assets.classification.labels.aliases import LABEL_SEPARATOR
from fw_assets.classification.labels.extraction_rules import RULES
from fw_assets.classification.prompting.label_finder import label_finder
from fw_assets.classification.prompting.normalize import NORMALISERS
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.unwrap import unwrap

Match = tuple[str, ...] | Literal["ambiguous"] | None


class LabelMatcher:
    """Matches the answers to one prompt. A label matches as a whole or not at all; nothing is guessed."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._normalise = NORMALISERS[prompt.strictness]
        self._finder = label_finder(prompt.labels, prompt.strictness)
        self._exact = {label: position for position, label in enumerate(prompt.labels)}
        self._normalised = {self._normalise(label): position for position, label in enumerate(prompt.labels)}
        for position, answer in enumerate(prompt.answers or ()):
            self._exact.setdefault(answer, position)
            self._normalised.setdefault(self._normalise(answer), position)

    def is_blank(self, text: str) -> bool:
        """Whether nothing is left inside the wrapping (and the text itself is not a label)."""
        return self._whole(text) is None and any(not form for form in unwrap(text))

    def strict(self, text: str) -> Match:
        """The labels of an answer in the expected format; None when it has another one."""
        if self._prompt.json_key is not None:
            return self._json(text)
        for candidate in (text, *self._located(text)):
            position = self._whole(candidate)
            if position is not None:
                return (self._prompt.labels[position],)
        return None

    def lenient(self, text: str) -> Match:
        """The one label that the text mentions although its format is wrong; None when it mentions none."""
        if self._prompt.multi_label:
            return self._lenient_set(text)
        position = self._whole(text)
        if position is not None:
            return (self._prompt.labels[position],)
        mentions = self._mentions(text)
        if len({position for position, _ in mentions}) > 1:
            return "ambiguous"
        if not mentions or any(negated for _, negated in mentions):
            return None
        return (self._prompt.labels[mentions[0][0]],)

    def _whole(self, text: str) -> int | None:
        """The position of the label that the text is, once enough of its wrapping is removed."""
        for form in unwrap(text):
            if form in self._exact:
                return self._exact[form]
            position = self._normalised.get(self._normalise(form)) if form else None
            if position is not None:
                return position
        return None

    def _located(self, text: str) -> Iterable[str]:
        """The texts at the place where the dataset's own answers have their label."""
        rule = RULES.get(self._prompt.rule)
        return rule.locate(text, self._prompt.key) if rule and rule.locate else ()

    def _json(self, text: str) -> Match:
        """The labels of a text that is one JSON object (a code fence around it is allowed)."""
        for form in unwrap(text):
            if not form.startswith("{"):
                continue
            try:
                value = json.loads(form, object_pairs_hook=_JsonObject)
            except (ValueError, RecursionError):
                return None
            return self._from_object(value)
        return None

    def _from_object(self, value: Any) -> Match:
        if not isinstance(value, _JsonObject):
            return None
        values = value.values(self._prompt.json_key or "")
        if not values:
            return None
        if self._prompt.multi_label:
            sets = {self._from_list(item) for item in values}
            return "ambiguous" if len(sets) > 1 else next(iter(sets))
        positions = {self._from_scalar(item) for item in values}
        if len(positions) > 1:
            return "ambiguous"
        position = next(iter(positions))
        return None if position is None else (self._prompt.labels[position],)

    def _from_scalar(self, value: Any) -> int | None:
        if isinstance(value, list | _JsonObject) or value is None:
            return None
        text = value if isinstance(value, str) else json.dumps(value)
        position = self._exact.get(text)
        return self._normalised.get(self._normalise(text)) if position is None else position

    def _from_list(self, value: Any) -> tuple[str, ...] | None:
        """The labels of a list of nothing but labels."""
        if not isinstance(value, list):
            return None
        positions = [self._from_scalar(item) for item in value]
        if any(position is None for position in positions):
            return None
        return self._in_order(position for position in positions if position is not None)

    def _mentions(self, text: str) -> list[tuple[int, bool]]:
        """Whole-word mentions: (label position, negated). Of JSON objects in the text, only string values count."""
        texts = [string for item in _json_objects(text) for string in item.strings()] or [text]
        return [mention for part in texts for mention in self._finder.find(part)]

    def _lenient_set(self, text: str) -> Match:
        """The labels of a list in another format; entries that are not labels are left out."""
        key = self._prompt.json_key or ""
        objects = [item for item in _json_objects(text) if item.values(key)]
        if len(objects) > 1:
            return "ambiguous"
        pieces: list[str] = []
        for value in objects[0].values(key) if objects else [text]:
            parts = value if isinstance(value, list) else [value]
            pieces += [piece for part in parts if isinstance(part, str) for piece in LABEL_SEPARATOR.split(part)]
        positions = [self._whole(piece.strip("[]{} ")) for piece in pieces if piece.strip()]
        return self._in_order(position for position in positions if position is not None) or None

    def _in_order(self, positions: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._prompt.labels[position] for position in sorted(set(positions)))


class _JsonObject:
    """A JSON object that keeps the values of a repeated key, which a dict would drop."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self._pairs = pairs

    def values(self, key: str) -> list[Any]:
        return [value for name, value in self._pairs if name == key]

    def strings(self) -> list[str]:
        """All string values, of nested objects too."""
        strings: list[str] = []
        for _, value in self._pairs:
            for item in value if isinstance(value, list) else [value]:
                strings += item.strings() if isinstance(item, _JsonObject) else [item] if isinstance(item, str) else []
        return strings


def _json_objects(text: str) -> Iterator[_JsonObject]:
    """The JSON objects inside a longer text."""
    decoder = json.JSONDecoder(object_pairs_hook=_JsonObject)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if isinstance(value, _JsonObject):
                yield value
        start = text.find("{", end)
