"""How an instruction divides the rows: shares for training, validation and testing."""

from __future__ import annotations

import re

from fw_assets.classification.instruction.annotated_text import AnnotatedText
from fw_assets.classification.instruction.numbers import SHARE, share

_SEP = r"\s?[/:-]\s?"
_PART = r"(?:train(?:ing)?|val(?:id(?:ation)?)?|dev|test(?:ing)?|eval(?:uation)?)"
_NUMBERS = r"(\d{1,2}(?:\.\d+)?|0?\.\d+)\s?%?"
_THREE = re.compile(rf"(?<![\w./:-]){_NUMBERS}{_SEP}{_NUMBERS}{_SEP}{_NUMBERS}(?![\d/:%])")
_TWO = re.compile(rf"(?<![\w./:-]){_NUMBERS}(?:{_SEP}|\s+(?:to|and|versus)\s+){_NUMBERS}(?![\w/:%]|\.\d)")
_NAMES = re.compile(
    rf"\b({_PART})\s*(?:/|-|,|\band\b|:)\s*({_PART})(?:\s*(?:/|-|,|\band\b|:)\s*(?:and\s+)?("
    rf"{_PART}))?\b"
)
_AROUND = re.compile(r"\bsplit(?:ting|s)?\b|\bdivid(?:e|ed|ing)\b|\bpartition(?:ed|ing)?\b|\bratio\b")
_OF_TRAINING = (
    r"(?:\s+of\s+(?:the\s+)?(?:training|train)\s+(?:rows|data|set|part|split|samples|"
    r"examples))"
)
_OF_ALL = (
    r"(?:\s+of\s+(?:the\s+|all\s+|all\s+the\s+|my\s+|our\s+)?(?:rows|data(?:set)?|samples|"
    r"examples|file|it))"
)
_TEST = (
    r"(?:(?:the\s+|a\s+)?(?:held[- ]?out\s+)?(?:final\s+)?(?:test(?:ing|s)?|"
    r"eval(?:uation)?|evaluating)(?:\s+(?:set|split|part|data|rows))?|"
    r"the held[- ]?out set)"
)
_VALID = r"(?:(?:the\s+|a\s+)?(?:validation|validating|dev)(?:\s+(?:set|split|part|data|rows))?)"
_LEARN = (
    r"(?:(?:the\s+|a\s+)?(?:training|train|fine-tuning|tuning)(?:\s+(?:set|split|part|data"
    r"|rows))?)"
)
_HOLD = (
    r"(?:(?:please\s+)?(?:hold(?:ing)?|keep(?:ing)?|set(?:ting)?|put(?:ting)?|reserv(?:e|"
    r"ing)|use|using|leave|leaving|take|with|and)\s+(?:out\s+|back\s+|aside\s+|away\s+)?(?:a"
    r"\s+random\s+)?)?"
)
_SIZE = r"(?:[_ ](?:fraction|share|size|ratio|split|percentage))?"
_EQUALS = r"(?:\s*[:=]\s*|\s+(?:(?:of|is|to|at|be|should be|set to|with|on)\s+)*)"

_ALL_OF = rf"(?:{_OF_ALL})?"
_TEST_SHARE = (
    re.compile(rf"\b{_HOLD}({SHARE}){_ALL_OF}\s+(?:(?:back|out|aside)\s+)?(?:for|as|to)\s+{_TEST}\b"),
    re.compile(
        rf"\b(?:hold|keep|set|reserve|holding|keeping|reserving)\s+(?:out|back|aside)\s+("
        rf"{SHARE}){_ALL_OF}(?!\s*(?:for|as)\b)"
    ),
    re.compile(
        rf"\b(?:hold|keep|holding|keeping)\s+({SHARE}){_ALL_OF}\s+(?:out|back|aside)(?!\s*(?:for"
        rf"|as)\b)\b"
    ),
    re.compile(
        rf"\b(?:test|testing|held[- ]?out|hold-?out|eval|evaluation)(?:[_ ](?:set|rows|data|"
        rf"part))?{_SIZE}{_EQUALS}({SHARE}){_ALL_OF}"
    ),
    re.compile(rf"\b({SHARE})\s+(?:test|hold-?out|held[- ]?out)(?:\s+(?:split|set|rows|data))?\b"),
)
_TRAIN_SHARE = (
    re.compile(rf"\b{_HOLD}({SHARE}){_ALL_OF}\s+(?:for|as|to)\s+{_LEARN}\b"),
    re.compile(
        rf"\b(?:train|training)\s+(?:it\s+|them\s+)?(?:on|with)\s+({SHARE}){_ALL_OF}\s+and\s+(?:test"
        rf"|evaluate)\s+on\s+the\s+(?:rest|others?|remaining\s+(?:rows|ones))\b"
    ),
    re.compile(
        rf"\b(?:train|training)(?:[_ ](?:set|rows|data|part))?(?:[_ ](?:fraction|share|size|"
        rf"ratio|split|percentage)){_EQUALS}({SHARE}){_ALL_OF}"
    ),
    re.compile(rf"\b({SHARE})\s+(?:train|training)(?:\s+(?:split|set|rows|data))?\b"),
)
_VALIDATION_SHARE = (
    re.compile(
        rf"\b{_HOLD}({SHARE})({_OF_TRAINING}|{_OF_ALL})?\s+(?:(?:back|out|aside)\s+)?(?:for|as|"
        rf"to)\s+{_VALID}\b"
    ),
    re.compile(
        rf"\bvalidation(?:[_ ](?:set|rows|data|part))?{_SIZE}{_EQUALS}({SHARE})({_OF_TRAINING}|"
        rf"{_OF_ALL})?"
    ),
    re.compile(rf"\b({SHARE})()\s+validation(?:\s+(?:split|set|rows|data))?\b"),
)


def read_splits(reading: AnnotatedText) -> None:
    """Claim `train_fraction` and `validation_fraction`; shares that leave a doubt are not taken."""
    _proportions(reading)
    _shares(reading)


def _proportions(reading: AnnotatedText) -> None:
    for found in list(_THREE.finditer(reading.work)):
        parts = [_value(text) for text in found.groups()]
        names, start, end = _context(reading, found)
        if names is None or abs(sum(parts) - 1) > 1e-6:
            continue
        order = [*names, *(name for name in ("train", "validation", "test") if name not in names)] if names else []
        order = order or ["train", "validation", "test"]
        by_name = dict(zip(order[:3], parts, strict=True))
        if set(by_name) != {"train", "validation", "test"}:
            reading.reject(start, end)
            continue
        learn = round(1 - by_name["test"], 10)
        reading.claim("train_fraction", learn, start, end)
        reading.claim("validation_fraction", by_name["validation"] / learn, start, end)
    for found in list(_TWO.finditer(reading.work)):
        parts = [_value(text) for text in found.groups()]
        names, start, end = _context(reading, found)
        if names is None or abs(sum(parts) - 1) > 1e-6:
            continue
        pair = tuple(names[:2]) or ("train", "test")
        if not names and parts[0] < 0.5:
            reading.reject(start, end)
        elif set(pair) == {"train", "test"}:
            reading.claim("train_fraction", parts[pair.index("train")], start, end)
        elif set(pair) == {"train", "validation"}:
            reading.claim("validation_fraction", parts[pair.index("validation")], start, end)
        else:
            reading.reject(start, end)


def _context(reading: AnnotatedText, found: re.Match[str]) -> tuple[list[str] | None, int, int]:
    """The parts named beside the numbers (none: empty), or null when nothing there speaks of a split."""
    first, last = reading.sentence(found.start())
    left, right = max(first, found.start() - 60), min(last, found.end() + 40)
    names = list(_NAMES.finditer(reading.work, left, right))
    words = list(_AROUND.finditer(reading.work, left, right))
    if not names and not words:
        return None, found.start(), found.end()
    spans = [found, *names[:1], *words[:2]]
    named = [_part(text) for text in names[0].groups() if text] if names else []
    for item in spans:
        if item is not found:
            reading.take(item.start(), item.end())
    return named, found.start(), found.end()


def _shares(reading: AnnotatedText) -> None:
    tests = _found(reading, _TEST_SHARE)
    validations = _found(reading, _VALIDATION_SHARE)
    trains = _found(reading, _TRAIN_SHARE)
    said = {
        name: items[0] for name, items in (("test", tests), ("train", trains), ("validation", validations)) if items
    }
    value = {name: item[0] for name, item in said.items()}
    every = (*tests, *validations, *trains)
    within = any("train" in item[3] for item in validations)
    if any(len({item[0] for item in items}) > 1 for items in (tests, validations, trains)):
        _reject(reading, every)
    elif len(value) == 3 and abs(sum(value.values()) - 1) < 1e-6:
        for item in (*tests, *trains):
            reading.claim("train_fraction", round(1 - value["test"], 10), item[1], item[2])
        for item in validations:
            learn = round(1 - value["test"], 10)
            reading.claim("validation_fraction", value["validation"] / learn, item[1], item[2])
    elif ("test" in value and "train" in value and abs(value["test"] + value["train"] - 1) > 1e-6) or (
        "validation" in value and "train" in value and "test" not in value and not within
    ):
        _reject(reading, every)
    else:
        for item in tests:
            reading.claim("train_fraction", round(1 - item[0], 10), item[1], item[2])
        for item in trains:
            reading.claim("train_fraction", item[0], item[1], item[2])
        for item in validations:
            if len(value) == 1 or within:
                reading.claim("validation_fraction", item[0], item[1], item[2])
            else:
                reading.reject(item[1], item[2])


Found = tuple[float, int, int, str]


def _found(reading: AnnotatedText, patterns: tuple[re.Pattern[str], ...]) -> list[Found]:
    items: list[Found] = []
    for pattern in patterns:
        for found in list(pattern.finditer(reading.work)):
            of = found[2] or "" if pattern.groups > 1 else ""
            items.append((share(found[1]), found.start(), found.end(), of))
            reading.take(found.start(), found.end())
    return items


def _reject(reading: AnnotatedText, items: tuple[Found, ...]) -> None:
    for item in items:
        reading.reject(item[1], item[2])


def _value(text: str) -> float:
    number = float(text)
    return number if text.startswith(("0.", ".")) else round(number / 100, 10)


def _part(text: str) -> str:
    if text.startswith("train"):
        return "train"
    return "validation" if text.startswith(("val", "dev")) else "test"
