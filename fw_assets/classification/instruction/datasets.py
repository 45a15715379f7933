"""Datasets in an instruction: `dataset`, and the one that is only for testing, `eval_dataset`."""

from __future__ import annotations

import re

from fw_assets.classification.instruction.annotated_text import DATASET, AnnotatedText

_SUFFIX = r"\.(?:jsonl?|ndjson|csv|tsv|parquet|arrow|feather|xlsx|ods|zip)(?:\.gz|\.zst)?"
_REFERENCE = re.compile(
    rf"(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]+?{_SUFFIX})(?P=quote)"
    r"|(?P<plain>accounts/[\w-]+/datasets/[\w-]+(?:\.[\w-]+)*"
    r"|[a-z][a-z0-9+]{1,9}://[^\s,;\"'`()]+?(?=[.,;:!?]*(?:[\s,;\"'`()]|$))"
    rf"|[^\s,;:\"'`()=]+{_SUFFIX}(?![\w/]))",
    re.IGNORECASE,
)
_DATASET = f"[\"'`]?{DATASET}+[\"'`]?"
_KIND = r"(?:data\s?sets?|data|sets?|files?|splits?|rows|samples|examples)"
_LINK = (
    r"(?:\s*[:=]\s*|\s+(?:(?:is|are|being|on|with|against|using|in|from|at|of|be|it|them|"
    r"this|these|both|all|the|my|our"
)
_LINK += rf"|a|separate|called|named|models?|held-out|held out|winner|results?|platform|{_KIND})\s+){{0,10}})"
_TEST = (
    r"(?:eval(?:uat(?:e|ed|ion|ing))?|test(?:ed|ing|s)?|held[- ]?out|hold[- ]?out|holdout|"
    r"benchmark(?:ed|ing)?\s+(?=on|against))"
)
_TRAIN = r"(?:train(?:ed|ing|s)?|fine[- ]?tun(?:e|ed|ing)|tun(?:e|ed|ing)|learn(?:ed|ing)?)"

_TEST_BEFORE = re.compile(rf"\b(?:eval_dataset|{_TEST}(?:[-\s]+{_KIND})?){_LINK}({_DATASET})")
_TEST_AFTER = re.compile(
    rf"({_DATASET})\s*(?:,\s*)?(?:\(|(?:(?:is|as|for|to|should be|will be|serves as|which is|used)\s+)+)"
    rf"(?:(?:for|as|the|my|our|a|held-out|held out|separate)\s+){{0,10}}{_TEST}(?:\s+{_KIND}|\)|"
    rf"(?=\s*[.;,!?\n]|\s*$|\s+(?:and|with|using)\b))"
)
_TRAIN_BEFORE = re.compile(rf"\b(?:{_TRAIN}(?:[-\s]+{_KIND})?){_LINK}({_DATASET})")
_TRAIN_AFTER = re.compile(
    rf"({_DATASET})\s*(?:,\s*)?(?:\(|(?:(?:is|as|for|to|should be|will be|used)\s+)+)(?:(?:for|as"
    rf"|the|my|our)\s+){{0,10}}"
    rf"{_TRAIN}(?:\s+{_KIND}|\)|(?=\s*[.;,!?\n]|\s*$|\s+and\b))"
)
_PAIR = re.compile(
    rf"\btrain\w*\s*(?:and|/|&|\+|,)\s*(?:eval|test)\w*(?:\s+{_KIND})?(?:\s*[:=]|\s+(?:on|"
    rf"are|is|with|from|using)){{0,10}}\s*({_DATASET})"
    rf"\s*(?:and|,|/|&|\+|\s)\s*({_DATASET})(?:,?\s+respectively)?"
)
_REFUSED = re.compile(
    rf"\b(?:(?:don't|do not|never|not)\s+(?:use|take|touch|read)|instead of|rather than|no longer)"
    rf"\s+(?:using\s+)?(?:the\s+|my\s+)?({_DATASET})"
)
_SOLE_USE = re.compile(rf"\b(?:evaluat|benchmark|measur|assess|compar|classif)\w*\b[^.;\n]*?({_DATASET})")


def annotate_datasets(annotated: AnnotatedText) -> None:
    """Assign `dataset` and `eval_dataset`.

    One dataset without a role is the dataset. Of two, one must be said to be for testing or for training; otherwise
    neither is assigned.
    """
    # Names by the position in the text at which they start.
    mentions: dict[int, str] = {}
    for match in _REFERENCE.finditer(annotated.text):
        mentions[match.start()] = match["quoted"] or match["plain"]
        annotated.mark(match.start(), match.end(), DATASET)
    if not mentions:
        return
    for match in _REFUSED.finditer(annotated.masked):
        start = _start(match, 1)
        if len(mentions) > 1 and start in mentions:
            del mentions[start]
            annotated.reject(match.start(), start + _length(annotated.masked, start))
    spans = {start: (start, start + _length(annotated.masked, start)) for start in mentions}
    starts = {name: [start for start in mentions if mentions[start] == name] for name in mentions.values()}
    fields = _fields(annotated.masked, starts)
    for name, positions in starts.items():
        for start in positions:
            if name in fields:
                annotated.assign(fields[name], name, *spans[start], mask=DATASET)
            else:
                annotated.reject(*spans[start])


def _fields(masked: str, starts: dict[str, list[int]]) -> dict[str, str]:
    """The session field of each dataset by its name; empty where the roles are contradictory or missing."""
    roles = _roles(masked)
    tests, trains = (
        {name for name, positions in starts.items() if any(roles.get(start) == role for start in positions)}
        for role in ("test", "train")
    )
    if len(starts) == 1:
        (name,) = starts
        only_tested = tests and not trains and not _SOLE_USE.search(masked)
        return {} if only_tested else {name: "dataset"}
    if tests & trains or len(tests) > 1 or len(trains) > 1:
        return {}
    if len(starts) == 2 and (tests or trains):
        test = next(iter(tests or set(starts) - trains))
        return {test: "eval_dataset", next(iter(set(starts) - {test})): "dataset"}
    return dict.fromkeys(tests, "eval_dataset") | dict.fromkeys(trains, "dataset")


def _roles(masked: str) -> dict[int, str]:
    """The role of each dataset by its start; a pattern that is nearer to the dataset wins."""
    roles: dict[int, str] = {}
    for match in _PAIR.finditer(masked):
        roles[_start(match, 1)], roles[_start(match, 2)] = "train", "test"
    if roles:
        return roles
    for pattern, role in (
        (_TRAIN_BEFORE, "train"),
        (_TEST_BEFORE, "test"),
        (_TRAIN_AFTER, "train"),
        (_TEST_AFTER, "test"),
    ):
        for match in pattern.finditer(masked):
            roles[_start(match, 1)] = role
    return roles


def _start(match: re.Match[str], group: int) -> int:
    """The start of the dataset in a group, after a quote."""
    return match.start(group) + len(match[group]) - len(match[group].lstrip("\"'`"))


def _length(masked: str, start: int) -> int:
    return len(re.match(f"{DATASET}+", masked[start:])[0])  # type: ignore[index]
