"""Splits in an instruction: shares of the rows for training, validation and testing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fw_assets.classification.instruction.annotated_text import AnnotatedText
from fw_assets.classification.instruction.numbers import SHARE
from fw_assets.classification.instruction.numbers import share as parse_share

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
_EQUALS = r"(?:\s*[:=]\s*|\s+(?:(?:of|is|to|at|be|should be|set to|with|on)\s+){0,10})"

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


def annotate_splits(annotated: AnnotatedText) -> None:
    """Assign `train_fraction` and `validation_fraction`; ambiguous shares are not assigned."""
    _annotate_ratios(annotated)
    _annotate_shares(annotated)


def _annotate_ratios(annotated: AnnotatedText) -> None:
    """Ratios of two or three numbers that add up to 1 or 100 %, such as `80/10/10`."""
    for match in list(_THREE.finditer(annotated.masked)):
        values = [_value(text) for text in match.groups()]
        names = _part_names(annotated, match)
        if names is None or abs(sum(values) - 1) > 1e-6:
            continue
        default = ("train", "validation", "test")
        order = [*names, *(name for name in default if name not in names)]
        by_name = dict(zip(order[:3], values, strict=True))
        if set(by_name) != set(default):
            annotated.reject(match.start(), match.end())
            continue
        rest = round(1 - by_name["test"], 10)
        annotated.assign("train_fraction", rest, match.start(), match.end())
        annotated.assign("validation_fraction", by_name["validation"] / rest, match.start(), match.end())
    for match in list(_TWO.finditer(annotated.masked)):
        values = [_value(text) for text in match.groups()]
        names = _part_names(annotated, match)
        if names is None or abs(sum(values) - 1) > 1e-6:
            continue
        pair = tuple(names[:2]) or ("train", "test")
        if not names and values[0] < 0.5:
            annotated.reject(match.start(), match.end())
        elif set(pair) == {"train", "test"}:
            annotated.assign("train_fraction", values[pair.index("train")], match.start(), match.end())
        elif set(pair) == {"train", "validation"}:
            annotated.assign("validation_fraction", values[pair.index("validation")], match.start(), match.end())
        else:
            annotated.reject(match.start(), match.end())


def _part_names(annotated: AnnotatedText, numbers: re.Match[str]) -> list[str] | None:
    """The parts that are named near the numbers, which may be none; None when nothing near them is about a split."""
    first, last = annotated.sentence(numbers.start())
    left, right = max(first, numbers.start() - 60), min(last, numbers.end() + 40)
    names = list(_NAMES.finditer(annotated.masked, left, right))
    words = list(_AROUND.finditer(annotated.masked, left, right))
    if not names and not words:
        return None
    parts = [_part(text) for text in names[0].groups() if text] if names else []
    for match in (*names[:1], *words[:2]):
        annotated.mark(match.start(), match.end())
    return parts


@dataclass(frozen=True)
class _Share:
    """A share of the rows that the text states for one part; `of` names what it is a share of, if the text does."""

    value: float
    start: int
    end: int
    of: str


def _annotate_shares(annotated: AnnotatedText) -> None:
    """Single shares such as `hold out 20 %`; all are rejected where they contradict each other."""
    tests = _stated_shares(annotated, _TEST_SHARE)
    validations = _stated_shares(annotated, _VALIDATION_SHARE)
    trains = _stated_shares(annotated, _TRAIN_SHARE)
    parts = {"test": tests, "train": trains, "validation": validations}
    value = {name: shares[0].value for name, shares in parts.items() if shares}
    of_training = any("train" in share.of for share in validations)
    contradictory = any(len({share.value for share in shares}) > 1 for shares in parts.values())
    sums_up = len(value) == 3 and abs(sum(value.values()) - 1) < 1e-6
    train_and_test_differ = "test" in value and "train" in value and abs(value["test"] + value["train"] - 1) > 1e-6
    # Without a test share it is unclear whether the rest of the rows is for testing or for nothing.
    rest_unclear = "validation" in value and "train" in value and "test" not in value and not of_training
    if contradictory or (not sums_up and (train_and_test_differ or rest_unclear)):
        for share in (*tests, *validations, *trains):
            annotated.reject(share.start, share.end)
        return
    if sums_up:
        rest = round(1 - value["test"], 10)
        for share in (*tests, *trains):
            annotated.assign("train_fraction", rest, share.start, share.end)
        for share in validations:
            annotated.assign("validation_fraction", value["validation"] / rest, share.start, share.end)
        return
    for share in tests:
        annotated.assign("train_fraction", round(1 - share.value, 10), share.start, share.end)
    for share in trains:
        annotated.assign("train_fraction", share.value, share.start, share.end)
    for share in validations:
        if len(value) == 1 or of_training:
            annotated.assign("validation_fraction", share.value, share.start, share.end)
        else:
            annotated.reject(share.start, share.end)


def _stated_shares(annotated: AnnotatedText, patterns: tuple[re.Pattern[str], ...]) -> list[_Share]:
    shares: list[_Share] = []
    for pattern in patterns:
        for match in list(pattern.finditer(annotated.masked)):
            of = match[2] or "" if pattern.groups > 1 else ""
            shares.append(_Share(parse_share(match[1]), match.start(), match.end(), of))
            annotated.mark(match.start(), match.end())
    return shares


def _value(text: str) -> float:
    number = float(text)
    return number if text.startswith(("0.", ".")) else round(number / 100, 10)


def _part(text: str) -> str:
    if text.startswith("train"):
        return "train"
    return "validation" if text.startswith(("val", "dev")) else "test"
