"""Labels in an instruction: the label set that it lists."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from fw_assets.classification.instruction.annotated_text import DATASET, EXPLAINED, MODEL, AnnotatedText
from fw_assets.classification.instruction.numbers import COUNT, count

_NOUN = r"(?:label set|labels?|classes|categories|intents|tags|topics|outcomes)"
_START = re.compile(
    rf"(?:\b(?:(?:the|my|our|use|with|using|possible|candidate|allowed|valid|only|following"
    rf"|these|explicit)\s+){{0,10}}"
    rf"(?:(?P<count>{COUNT})\s+)?(?:possible\s+|candidate\s+|allowed\s+|valid\s+|different\s+)?{_NOUN}"
    rf"(?:[ \t]*(?::|=|-\s)[ \t]*|\s+(?:(?:are|is|will be|should be|must be|shall be|to use"
    rf"|to predict|being|include|as follows|"
    rf"namely|named|called|set to|exactly|the following|these|either|one of|used)\b[ \t"
    rf"]*:?[ \t]*)+|\s+(?=[\"'`\[(])|\s+))"
    rf"|\b(?:classify|sort|route|label|categori[sz]e|tag|bucket|split|map)\b[^.;:\n]{{"
    rf"0,60}}?\b(?:into|as)\s+"
    rf"(?:(?:the|these|following|one of|either|exactly)\s+){{0,10}}(?:(?P<count2>{COUNT})\s+)?(?:"
    rf"{_NOUN}\s*:?\s*)?"
)
_STOP_WORDS = (
    r"use|using|run|train|fine|tune|deploy|skip|compare|benchmark|evaluate|models?|"
    r"datasets?|epochs?|seed|budget|try"
    r"|please|spend|don't|do|set|keep|only|just|then|thanks|thank|and then|with|on|for|"
    r"from|in|via|to|at|against|take"
    r"|data|file|files|imbalance|learning|ranks?|hold|test|eval|approve|no|candidates?|"
    r"mode|finalists?|sweep|which|that|where"
)
_COMMAND_START = re.compile(rf"(?:{_STOP_WORDS})\b")
_CUT = re.compile(
    rf"\s+(?:with|using|on|for|from|in|via|please|thanks|then|against|and (?:use|run|try|"
    rf"train|deploy|skip|set|then|fine))\b(?=.*[{DATASET}{MODEL}{EXPLAINED}]|\s*$)"
)
_MARKS = f"{DATASET}{MODEL}{EXPLAINED}"
_DESCRIBING = """
noisy sparse wrong correct complete incomplete balanced unbalanced imbalanced rare missing unknown
clean messy consistent inconsistent ambiguous inferred skewed reliable unreliable fixed final given
numeric
"""
_DESCRIPTIONS = frozenset(_DESCRIBING.split())
"""Words that describe labels rather than being one."""
MAX_LABEL_WORDS = 5
"""Words of the longest label without quotes."""

Span = tuple[int, int]


def annotate_labels(annotated: AnnotatedText) -> None:
    """Assign `labels`: a list after a word for labels, with commas, semicolons, quotes, brackets or bullets.

    An ambiguous list is not assigned.
    """
    position = 0
    while match := _START.search(annotated.masked, position):
        position = max(match.end(), position + 1)
        spans, end = _list(annotated.masked, match.end())
        if len(spans) == 1:
            spans = list(_split(annotated.masked, *spans[0]))
        labels = [_label(annotated.text[start:stop]) for start, stop in spans]
        if _is_label_set(labels, match["count"] or match["count2"]):
            annotated.assign("labels", tuple(labels), match.start(), end)
            position = end
        elif spans and match[0].rstrip().endswith((":", "=")):
            annotated.reject(match.start(), end)
            position = end


def _is_label_set(labels: list[str], stated_count: str | None) -> bool:
    if any(label.lower() in _DESCRIPTIONS for label in labels):
        return False
    distinct = len(labels) >= 2 and len(set(labels)) == len(labels) and all(labels)
    return distinct and (not stated_count or count(stated_count) == len(labels))


def _list(masked: str, start: int) -> tuple[list[Span], int]:
    """The items from `start` on, and the end of the list."""
    for opening, closing in (("[", "]"), ("(", ")"), ("{", "}")):
        if masked.startswith(opening, start) and (end := masked.find(closing, start)) > 0:
            return list(_split(masked, start + 1, end)), end + 1
    bullets = re.match(r"\s*\n(?:\s*(?:[-*\u2022]|\d+[.)])\s+[^\n]+(?:\n|$))+", masked[start:])
    if bullets:
        items = re.finditer(r"(?m)^\s*(?:[-*\u2022]|\d+[.)])\s+([^\n]+?)\s*$", masked[start : start + bullets.end()])
        return [(start + item.start(1), start + item.end(1)) for item in items], start + bullets.end()
    end = _sentence_end(masked, start)
    spans: list[Span] = []
    for first, last in _split(masked, start, end):
        piece = masked[first:last]
        cut = _CUT.search(piece) if not piece.startswith(("'", '"', "`")) else None
        if cut and spans:
            last = first + cut.start()
        if _is_no_label(masked[first:last]):
            break
        spans.append((first, last))
        if cut:
            break
    if spans and (rest := _after_last(masked, spans, end)):
        return spans, rest
    return spans, spans[-1][1] if spans else start


def _split(masked: str, start: int, end: int) -> Iterator[Span]:
    """The pieces between separators; the last of them is split again at `and` or `or`, which end the list."""
    body = masked[start:end]
    quoted = list(re.finditer(r"\"[^\"\n]+\"|`[^`\n]+`|(?<!\w)'[^'\n]+'(?!\w)", body))
    if len(quoted) >= 2 and not _words_between(body, quoted):
        yield from ((start + item.start(), start + item.end()) for item in quoted)
        return
    pieces = _pieces(body, _separator(body))
    for number, (first, last) in enumerate(pieces):
        text = body[first:last]
        lead = re.match(r"(?:and|or|&)\s+", text)
        joints = list(re.finditer(r"\s+(?:and|or|&)\s+", text))
        if lead:
            yield start + first + lead.end(), start + last
            ends = number < len(pieces) - 1 or any(joint.start() >= lead.end() for joint in joints)
            if ends:
                return
        elif joints and _closes(pieces, number, body):
            joint = joints[0]
            if len(joints) > 1 and not _COMMAND_START.match(text[joints[1].end() :]):
                yield start + first, start + last
                return
            yield start + first, start + first + joint.start()
            stop = joints[1].start() if len(joints) > 1 else len(text)
            yield start + first + joint.end(), start + first + stop
            return
        else:
            yield start + first, start + last


def _separator(body: str) -> str:
    """The regular expression of the list's separator."""
    if "," in body:
        return ","
    if ";" in body:
        return ";"
    rare = r"\||/| vs\.? | versus "
    return rare if re.search(rare, body) else ","


def _closes(pieces: list[Span], number: int, body: str) -> bool:
    """Whether `and` in this piece ends the list, because no piece follows or the next one is no label."""
    following = [body[first:last] for first, last in pieces[number + 1 : number + 2]]
    return all(_is_no_label(piece) for piece in following)


def _pieces(body: str, separator: str) -> list[Span]:
    """The spans between separators without the space around them; empty ones are left out."""
    spans, start = [], 0
    for match in re.finditer(separator, body):
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(body)))
    trimmed = []
    for first, last in spans:
        text = body[first:last]
        first, last = first + len(text) - len(text.lstrip()), first + len(text.rstrip())
        if first < last:
            trimmed.append((first, last))
    return trimmed


def _words_between(body: str, quoted: list[re.Match[str]]) -> bool:
    gaps = [body[: quoted[0].start()]]
    gaps += [body[first.end() : second.start()] for first, second in itertools.pairwise(quoted)]
    return any(not re.fullmatch(r"[\s,;/]*(?:and|or|&)?[\s,;/]*", gap) for gap in gaps)


def _is_no_label(piece: str) -> bool:
    if piece.startswith(("'", '"', "`")) and piece.endswith(("'", '"', "`")) and len(piece) > 2:
        return False
    return (
        any(mark in piece for mark in _MARKS)
        or len(piece.split()) > MAX_LABEL_WORDS
        or _COMMAND_START.match(piece) is not None
        or re.search(r"\d%|\$\d|\d\s*(?:epochs?|jobs|finalists?)|seed\s*\d|[:=]", piece) is not None
    )


def _sentence_end(masked: str, start: int) -> int:
    """The end of the list's sentence; semicolons stay inside when they are what separates the items."""
    body = masked[start:]
    closing = re.match(r"[^()\n]*(?=\))", body)
    if closing:
        return start + closing.end()
    first = re.search(r"[,;]|[.!?](?=\s|$)|\n", body)
    stop = r"[.!?](?=\s|$)|\n" if first and first[0] == ";" else r"[.!?](?=\s|$)|[;\n]"
    match = re.search(stop, body)
    return start + match.start() if match else len(masked)


def _after_last(masked: str, spans: list[Span], end: int) -> int:
    return spans[-1][1] if spans[-1][1] <= end else end


def _label(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().strip("\"'`").rstrip(".,;!?").strip()
