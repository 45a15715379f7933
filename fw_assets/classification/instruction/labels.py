"""The label set that an instruction spells out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from fw_assets.classification.instruction.annotated_text import DATASET, MODEL, TAKEN, AnnotatedText
from fw_assets.classification.instruction.numbers import COUNT, count

_NOUN = r"(?:label set|labels?|classes|categories|intents|tags|topics|outcomes)"
_START = re.compile(
    rf"(?:\b(?:(?:the|my|our|use|with|using|possible|candidate|allowed|valid|only|following"
    rf"|these|explicit)\s+)*"
    rf"(?:(?P<count>{COUNT})\s+)?(?:possible\s+|candidate\s+|allowed\s+|valid\s+|different\s+)?{_NOUN}"
    rf"(?:[ \t]*(?::|=|-\s)[ \t]*|\s+(?:(?:are|is|will be|should be|must be|shall be|to use"
    rf"|to predict|being|include|as follows|"
    rf"namely|named|called|set to|exactly|the following|these|either|one of|used)\b[ \t"
    rf"]*:?[ \t]*)+|\s+(?=[\"'`\[(])|\s+))"
    rf"|\b(?:classify|sort|route|label|categori[sz]e|tag|bucket|split|map)\b[^.;:\n]{{"
    rf"0,60}}?\b(?:into|as)\s+"
    rf"(?:(?:the|these|following|one of|either|exactly)\s+)*(?:(?P<count2>{COUNT})\s+)?(?:"
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
_ITEM_STARTS_ELSE = re.compile(rf"(?:{_STOP_WORDS})\b")
_CUT = re.compile(
    rf"\s+(?:with|using|on|for|from|in|via|please|thanks|then|against|and (?:use|run|try|"
    rf"train|deploy|skip|set|then|fine))\b(?=.*[{DATASET}{MODEL}{TAKEN}]|\s*$)"
)
_MARKS = f"{DATASET}{MODEL}{TAKEN}"
_DESCRIBING = """
noisy sparse wrong correct complete incomplete balanced unbalanced imbalanced rare missing unknown
clean messy consistent inconsistent ambiguous inferred skewed reliable unreliable fixed final given
numeric
"""
_DESCRIPTIONS = frozenset(_DESCRIBING.split())
"""What is said about labels rather than being one."""
MAX_ITEM = 5
"""Words of the longest label that is not quoted."""

Span = tuple[int, int]


def read_labels(reading: AnnotatedText) -> None:
    """Claim `labels`: a list after a word for labels, with commas, semicolons, quotes, brackets or bullets.

    A list that could be read in two ways is not taken.
    """
    position = 0
    while found := _START.search(reading.work, position):
        position = max(found.end(), position + 1)
        spans, end = _list(reading.work, found.end())
        if len(spans) == 1:
            spans = list(_split(reading.work, *spans[0]))
        stated = found["count"] or found["count2"]
        items = [_label(reading.text[a:b]) for a, b in spans]
        described = any(item.lower() in _DESCRIPTIONS for item in items)
        good = not described and len(items) >= 2 and len(set(items)) == len(items) and all(items)
        if good and stated and count(stated) != len(items):
            good = False
        if good:
            reading.claim("labels", tuple(items), found.start(), end)
            position = end
        elif spans and found[0].rstrip().endswith((":", "=")):
            reading.reject(found.start(), end)
            position = end


def _list(work: str, start: int) -> tuple[list[Span], int]:
    """The items from `start` on, and where the list ends."""
    for opening, closing in (("[", "]"), ("(", ")"), ("{", "}")):
        if work.startswith(opening, start) and (end := work.find(closing, start)) > 0:
            return list(_split(work, start + 1, end)), end + 1
    bullets = re.match(r"\s*\n(?:\s*(?:[-*\u2022]|\d+[.)])\s+[^\n]+(?:\n|$))+", work[start:])
    if bullets:
        items = re.finditer(r"(?m)^\s*(?:[-*\u2022]|\d+[.)])\s+([^\n]+?)\s*$", work[start : start + bullets.end()])
        return [(start + item.start(1), start + item.end(1)) for item in items], start + bullets.end()
    end = _sentence_end(work, start)
    spans: list[Span] = []
    for a, b in _split(work, start, end):
        piece = work[a:b]
        cut = _CUT.search(piece) if not piece.startswith(("'", '"', "`")) else None
        if cut and spans:
            b = a + cut.start()
        if _not_a_label(work[a:b]):
            break
        spans.append((a, b))
        if cut:
            break
    if spans and (rest := _after_last(work, spans, end)):
        return spans, rest
    return spans, spans[-1][1] if spans else start


def _split(work: str, start: int, end: int) -> Iterator[Span]:
    """The pieces between separators; the last of them again at `and` or `or`, as the list's end."""
    body = work[start:end]
    quoted = list(re.finditer(r"\"[^\"\n]+\"|`[^`\n]+`|(?<!\w)'[^'\n]+'(?!\w)", body))
    if len(quoted) >= 2 and not _words_between(body, quoted):
        yield from ((start + item.start(), start + item.end()) for item in quoted)
        return
    separator = ";" if ";" in body and "," not in body else "," if "," in body else (r"\||/| vs\.? | versus ")
    if separator not in (",", ";") and not re.search(separator, body):
        separator = ","
    pieces = _pieces(body, separator)
    for number, (a, b) in enumerate(pieces):
        text = body[a:b]
        lead = re.match(r"(?:and|or|&)\s+", text)
        joints = list(re.finditer(r"\s+(?:and|or|&)\s+", text))
        if lead:
            yield start + a + lead.end(), start + b
            tail = [item for item in joints if item.start() >= lead.end()]
            if tail:
                return
            if number < len(pieces) - 1:
                return
        elif joints and _closes(pieces, number, body):
            joint = joints[0]
            if len(joints) > 1 and not _command(text[joints[1].end() :]):
                yield start + a, start + b
                return
            yield start + a, start + a + joint.start()
            stop = joints[1].start() if len(joints) > 1 else len(text)
            yield start + a + joint.end(), start + a + stop
            return
        else:
            yield start + a, start + b


def _closes(pieces: list[Span], number: int, body: str) -> bool:
    """Whether `and` in this piece ends the list: it is the last, or what follows is no label."""
    rest = [body[a:b] for a, b in pieces[number + 1 :]]
    return all(_not_a_label(piece) for piece in rest[:1]) if rest else True


def _command(text: str) -> bool:
    return _ITEM_STARTS_ELSE.match(text) is not None


def _pieces(body: str, separator: str) -> list[Span]:
    pieces, start = [], 0
    for found in re.finditer(separator, body):
        pieces.append((start, found.start()))
        start = found.end()
    pieces.append((start, len(body)))
    trimmed = []
    for a, b in pieces:
        text = body[a:b]
        a, b = a + len(text) - len(text.lstrip()), a + len(text.rstrip())
        if a < b:
            trimmed.append((a, b))
    return trimmed


def _words_between(body: str, quoted: list[re.Match[str]]) -> bool:
    gaps = [body[: quoted[0].start()]]
    gaps += [body[one.end() : two.start()] for one, two in itertools.pairwise(quoted)]
    return any(not re.fullmatch(r"[\s,;/]*(?:and|or|&)?[\s,;/]*", gap) for gap in gaps)


def _not_a_label(piece: str) -> bool:
    if piece.startswith(("'", '"', "`")) and piece.endswith(("'", '"', "`")) and len(piece) > 2:
        return False
    return (
        any(mark in piece for mark in _MARKS)
        or len(piece.split()) > MAX_ITEM
        or _ITEM_STARTS_ELSE.match(piece) is not None
        or re.search(r"\d%|\$\d|\d\s*(?:epochs?|jobs|finalists?)|seed\s*\d|[:=]", piece) is not None
    )


def _sentence_end(work: str, start: int) -> int:
    """The end of the list's sentence; semicolons stay inside when they are what separates the items."""
    body = work[start:]
    closing = re.match(r"[^()\n]*(?=\))", body)
    if closing:
        return start + closing.end()
    first = re.search(r"[,;]|[.!?](?=\s|$)|\n", body)
    stop = r"[.!?](?=\s|$)|\n" if first and first[0] == ";" else r"[.!?](?=\s|$)|[;\n]"
    found = re.search(stop, body)
    return start + found.start() if found else len(work)


def _after_last(work: str, spans: list[Span], end: int) -> int:
    return spans[-1][1] if spans[-1][1] <= end else end


def _label(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().strip("\"'`").rstrip(".,;!?").strip()
