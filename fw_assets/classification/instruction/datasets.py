"""Which datasets an instruction names, and which of them is only for testing."""

from __future__ import annotations

import re

from fw_assets.classification.instruction.annotated_text import DATASET, AnnotatedText

_REFERENCE = re.compile(
    r"(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]+?\.jsonl?(?:\.gz|\.zst)?)(?P=quote)"
    r"|(?P<plain>accounts/[\w-]+/datasets/[\w-]+(?:\.[\w-]+)*"
    r"|[a-z][a-z0-9+]{1,9}://[^\s,;\"'`()]+?(?=[.,;:!?]*(?:[\s,;\"'`()]|$))"
    r"|[^\s,;:\"'`()=]+\.jsonl?(?:\.gz|\.zst)?(?![\w/]))",
    re.IGNORECASE,
)
_D = f"[\"'`]?{DATASET}+[\"'`]?"
_KIND = r"(?:data\s?sets?|data|sets?|files?|splits?|rows|samples|examples)"
_LINK = (
    r"(?:\s*[:=]\s*|\s+(?:(?:is|are|being|on|with|against|using|in|from|at|of|be|it|them|"
    r"this|these|both|all|the|my|our"
)
_LINK += rf"|a|separate|called|named|models?|held-out|held out|winner|results?|platform|{_KIND})\s+)*)"
_TEST = (
    r"(?:eval(?:uat(?:e|ed|ion|ing))?|test(?:ed|ing|s)?|held[- ]?out|hold[- ]?out|holdout|"
    r"benchmark(?:ed|ing)?\s+(?=on|against))"
)
_TRAIN = r"(?:train(?:ed|ing|s)?|fine[- ]?tun(?:e|ed|ing)|tun(?:e|ed|ing)|learn(?:ed|ing)?)"

_TEST_BEFORE = re.compile(rf"\b(?:eval_dataset|{_TEST}(?:[-\s]+{_KIND})?){_LINK}({_D})")
_TEST_AFTER = re.compile(
    rf"({_D})\s*(?:,\s*)?(?:\(|(?:(?:is|as|for|to|should be|will be|serves as|which is|used)\s+)+)"
    rf"(?:(?:for|as|the|my|our|a|held-out|held out|separate)\s+)*{_TEST}(?:\s+{_KIND}|\)|"
    rf"(?=\s*[.;,!?\n]|\s*$|\s+(?:and|with|using)\b))"
)
_TRAIN_BEFORE = re.compile(rf"\b(?:{_TRAIN}(?:[-\s]+{_KIND})?){_LINK}({_D})")
_TRAIN_AFTER = re.compile(
    rf"({_D})\s*(?:,\s*)?(?:\(|(?:(?:is|as|for|to|should be|will be|used)\s+)+)(?:(?:for|as"
    rf"|the|my|our)\s+)*"
    rf"{_TRAIN}(?:\s+{_KIND}|\)|(?=\s*[.;,!?\n]|\s*$|\s+and\b))"
)
_PAIR = re.compile(
    rf"\btrain\w*\s*(?:and|/|&|\+|,)\s*(?:eval|test)\w*(?:\s+{_KIND})?(?:\s*[:=]|\s+(?:on|"
    rf"are|is|with|from|using))*\s*({_D})"
    rf"\s*(?:and|,|/|&|\+|\s)\s*({_D})(?:,?\s+respectively)?"
)
_REFUSED = re.compile(
    rf"\b(?:(?:don't|do not|never|not)\s+(?:use|take|touch|read)|instead of|rather than|no longer)"
    rf"\s+(?:using\s+)?(?:the\s+|my\s+)?({_D})"
)
_SOLE_USE = re.compile(rf"\b(?:evaluat|benchmark|measur|assess|compar|classif)\w*\b[^.;\n]*?({_D})")


def read_datasets(reading: AnnotatedText) -> None:
    """Claim `dataset` and `eval_dataset`.

    One dataset without a role is the dataset. Of two, one must be said to be for testing or one for training;
    otherwise neither is taken.
    """
    places: dict[int, str] = {}
    for found in _REFERENCE.finditer(reading.text):
        name = found["quoted"] or found["plain"]
        places[found.start()] = name
        reading.take(found.start(), found.end(), DATASET)
    if not places:
        return
    for found in _REFUSED.finditer(reading.work):
        start = _start(found, 1)
        if len(places) > 1 and start in places:
            del places[start]
            reading.reject(found.start(), start + _length(reading.work, start))
    roles = _roles(reading.work)
    spans = {start: (start, start + _length(reading.work, start)) for start in places}
    names = {name: [start for start in places if places[start] == name] for name in places.values()}
    tests = {name for name, starts in names.items() if any(roles.get(start) == "test" for start in starts)}
    trains = {name for name, starts in names.items() if any(roles.get(start) == "train" for start in starts)}
    rest = set(names) - tests - trains
    if len(names) == 1:
        chosen = _sole(reading, next(iter(names)), bool(tests), bool(trains))
    elif tests & trains or len(tests) > 1 or len(trains) > 1:
        chosen = {}
    elif len(names) == 2 and (tests or trains):
        test = next(iter(tests or rest))
        chosen = {test: "eval_dataset", next(iter(set(names) - {test})): "dataset"}
    else:
        chosen = dict.fromkeys(tests, "eval_dataset") | dict.fromkeys(trains, "dataset")
    for name, starts in names.items():
        for start in starts:
            if name in chosen:
                reading.claim(chosen[name], name, *spans[start], shown=DATASET)
            else:
                reading.reject(*spans[start])


def _sole(reading: AnnotatedText, name: str, tested: bool, trained: bool) -> dict[str, str]:
    """A single dataset is the dataset, unless all that is said is that it is the test set."""
    if tested and not trained and not _SOLE_USE.search(reading.work):
        return {}
    return {name: "dataset"}


def _roles(work: str) -> dict[int, str]:
    """The role of each dataset by where it starts; a pattern nearer to the dataset wins."""
    roles: dict[int, str] = {}
    for found in _PAIR.finditer(work):
        roles[_start(found, 1)], roles[_start(found, 2)] = "train", "test"
    if roles:
        return roles
    for pattern, role in (
        (_TRAIN_BEFORE, "train"),
        (_TEST_BEFORE, "test"),
        (_TRAIN_AFTER, "train"),
        (_TEST_AFTER, "test"),
    ):
        for found in pattern.finditer(work):
            roles[_start(found, 1)] = role
    return roles


def _start(found: re.Match[str], group: int) -> int:
    return found.start(group) + len(found[group]) - len(found[group].lstrip("\"'`"))


def _length(work: str, start: int) -> int:
    return len(re.match(f"{DATASET}+", work[start:])[0])  # type: ignore[index]
