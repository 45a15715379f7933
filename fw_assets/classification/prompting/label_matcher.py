"""Label matcher: strict and lenient matching of an answer's text against the label set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from fw_assets.classification.labels.extraction_rules import RULES
from fw_assets.classification.prompting.label_finder import Mention, label_finder
from fw_assets.classification.prompting.negation import is_denial, without_affirmations
from fw_assets.classification.prompting.normalize import NORMALISERS
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.unwrap import unwrap

_JOINT = re.compile(
    r"[\s,;/&+|.\-•*()\[\]\"'\d%、，；。]*"
    r"(?:(?<!\w)(?:and|und|y|e|et|и|और|এবং|و|اور|dan|과|와|그리고|also|plus)(?!\w)|和|及|以及|與|与|と)?[\s,;/&+|.\-•*()\[\]\"'\d%、，；。]*"
)
_INTRODUCTION = re.compile(r"[^,;|]*(?:[:=：→]|(?<!\w)(?:is|are|be|sind|son|sont|são))[\s*\"'\[(\-•\d.]*")

MAX_LENIENT = 20_000

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
        return self._whole(text) is None and any(not form for form in unwrap(text, self._is_heading))

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
        """The one label that the text mentions although its format is wrong; None when it mentions none.

        A text of more than `MAX_LENIENT` characters is an essay, which states no label.
        """
        if len(text) > MAX_LENIENT:
            return None
        if self._prompt.multi_label:
            return self._lenient_set(text)
        position = self._whole(text)
        if position is not None:
            return (self._prompt.labels[position],)
        mentions = self._mentions(text)
        stated = {mention.position for mention in mentions if not mention.denied}
        if len(stated) > 1:
            return "ambiguous"
        if not stated or stated & {mention.position for mention in mentions if mention.denied}:
            return None
        if any(mention.hedged for mention in mentions):
            return None
        return (self._prompt.labels[stated.pop()],)

    def _whole(self, text: str) -> int | None:
        """The position of the label that the text is, once enough of its wrapping is removed."""
        for form in unwrap(text, self._is_heading):
            if form in self._exact:
                return self._exact[form]
            position = self._normalised.get(self._normalise(form)) if form else None
            if position is not None:
                return position
        return None

    def _is_heading(self, text: str) -> bool:
        """Whether words in front of a colon only introduce what comes after it."""
        return not is_denial(without_affirmations(text)) and not self._finder.positions(text)

    def _located(self, text: str) -> Iterable[str]:
        """The texts at the place where the dataset's own answers have their label."""
        rule = RULES.get(self._prompt.rule)
        return rule.locate(text, self._prompt.key) if rule and rule.locate else ()

    def _json(self, text: str) -> Match:
        """The labels of a text that is one JSON object (a code fence around it is allowed)."""
        for form in unwrap(text, self._is_heading):
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
        values = value.at(self._prompt.json_path)
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

    def _mentions(self, text: str) -> list[Mention]:
        """Of JSON objects in the text, only string values count."""
        texts = [string for item in _json_objects(text) for string in item.strings()] or [text]
        return [mention for part in texts for mention in self._finder.find(part)]

    def _lenient_set(self, text: str) -> Match:
        """The labels of a list in another format; None where an entry is not a label."""
        path = self._prompt.json_path
        objects = list(_json_objects(text))
        keyed = [item for item in objects if item.at(path)]
        if len(keyed) > 1:
            return "ambiguous"
        if keyed:
            (value, *_) = keyed[0].at(path)
            return self._from_list(value) if isinstance(value, list) else self._stated_list(str(value))
        if len(objects) == 1:
            return self._from_flags(objects[0])
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self._stated_list(text)
        return self._from_list(value) or None

    def _from_flags(self, item: _JsonObject) -> Match:
        """The labels of an object that says of each label whether it applies."""
        flags = [(self._from_scalar(name), value) for name, value in item.pairs]
        if any(position is None or value not in (True, False) for position, value in flags):
            return None
        return self._in_order(position for position, value in flags if position is not None and value) or None

    def _stated_list(self, text: str) -> Match:
        """The labels of a list in words: nothing but labels, denied labels, and what joins them."""
        position = self._whole(text)
        if position is not None:
            return (self._prompt.labels[position],)
        mentions = self._finder.find(text)
        if any(mention.hedged for mention in mentions):
            return None
        prepared = self._finder.prepare(text)
        starts = [mention.start for mention in mentions] + [len(prepared)]
        ends = [0] + [mention.end for mention in mentions]
        gaps = [prepared[end:start] for end, start in zip(ends, starts, strict=True)]
        for gap, mention in zip(gaps, [*mentions, None], strict=True):
            denied = mention is not None and mention.denied
            if not (_JOINT.fullmatch(gap) or (gap is gaps[0] and _INTRODUCTION.fullmatch(gap)) or denied):
                return None
        return self._in_order(mention.position for mention in mentions if not mention.denied) or None

    def _in_order(self, positions: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._prompt.labels[position] for position in sorted(set(positions)))


class _JsonObject:
    """A JSON object that keeps the values of a repeated key, which a dict would drop."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs

    def at(self, path: Sequence[str]) -> list[Any]:
        """The values at a path, one for each time that it is written."""
        values: list[Any] = [self]
        for key in path:
            objects = [value for value in values if isinstance(value, _JsonObject)]
            values = [value for item in objects for name, value in item.pairs if name == key]
        return values

    def strings(self) -> list[str]:
        """All string values, of nested objects too."""
        strings: list[str] = []
        for _, value in self.pairs:
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
