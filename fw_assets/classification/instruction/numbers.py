"""Numbers in an instruction: patterns for how people write them, and their values."""

from __future__ import annotations

import re

WORDS = {
    "one": 1,
    "a single": 1,
    "single": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "sixteen": 16,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "a hundred": 100,
    "one hundred": 100,
    "hundred": 100,
    "two hundred": 200,
    "five hundred": 500,
    "a thousand": 1000,
    "one thousand": 1000,
    "two thousand": 2000,
    "five thousand": 5000,
    "ten thousand": 10000,
}
SHARES = {
    "half": 1 / 2,
    "a half": 1 / 2,
    "a third": 1 / 3,
    "one third": 1 / 3,
    "two thirds": 2 / 3,
    "a quarter": 1 / 4,
    "one quarter": 1 / 4,
    "three quarters": 3 / 4,
    "a fifth": 1 / 5,
    "one fifth": 1 / 5,
    "a tenth": 1 / 10,
    "one tenth": 1 / 10,
}

_SPELLED = "|".join(sorted(WORDS, key=len, reverse=True))
_SHARE_WORDS = "|".join(sorted((name.replace(" ", "[ -]") for name in SHARES), key=len, reverse=True))
COUNT = (
    rf"(?:(?<![\d.,$/:-])\d{{1,3}}(?:,\d{{3}})+(?![\d.]\d)|(?<![\d.,$/:])\d++k?(?![\d.,]*\d|"
    rf"%|\s?%)|\b(?:{_SPELLED})\b)"
)
"""A whole number: 6, 1,000, 2k, ten."""
NUMBER = r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?(?![\d])"
"""A number with an optional fraction."""
RATE = r"(?<![\w.])(?:\d+(?:\.\d+)?e-?\d+|0?\.\d+|\d+(?:\.\d+)?\s?[x*]\s?10\^-\d+)(?![\w%]|\.\d)"
"""A learning rate: 1e-4, 0.0001, 1.5 x 10^-4."""
SHARE = (
    rf"(?:(?<![\d.])\d+(?:\.\d+)?\s?(?:%|percent\b|per cent\b)|(?<![\d.])0?\.\d+(?![\d%])|"
    rf"\b(?:{_SHARE_WORDS})\b)"
)
"""A share of the rows: 20%, 0.2, a fifth."""
MONEY = (
    r"(?:(?:us)?\$\s?\d[\d,]{0,24}(?:\.\d+)?(?:\s?(?:usd|dollars?))?|(?<!\d)\d[\d,]{0,24}(?:\.\d+)?\s?(?:usd"
    r"|us dollars?|dollars?|bucks|\$))(?![\w.]*\d)"
)
"""An amount in US dollars."""


def count(text: str) -> int:
    """The value of a `COUNT`."""
    text = text.strip()
    if text in WORDS:
        return WORDS[text]
    digits = text.replace(",", "")
    return int(digits[:-1]) * 1000 if digits.endswith("k") else int(digits)


def number(text: str) -> float:
    """The value of a `NUMBER`."""
    return float(text.replace(",", ""))


def rate(text: str) -> float:
    """The value of a `RATE`."""
    power = re.fullmatch(r"(\d+(?:\.\d+)?)\s?[x*]\s?10\^(-\d+)", text)
    return float(f"{power[1]}e{power[2]}") if power else float(text)


def share(text: str) -> float:
    """The value of a `SHARE`: 0.2 for 20 %."""
    name = re.sub(r"[ -]", " ", text.strip())
    if name in SHARES:
        return SHARES[name]
    match = re.match(r"(\d*\.?\d+)\s?(%|per)?", name)
    assert match is not None  # every SHARE that is not a word starts with a number
    return round(float(match[1]) / 100, 10) if match[2] else float(match[1])


def money(text: str) -> float:
    """The value of a `MONEY`."""
    return number(re.sub(r"[^\d.,]", "", text))
