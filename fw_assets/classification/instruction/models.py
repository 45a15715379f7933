"""Which models an instruction names: those of the catalogue by any spelling, others as they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fw_assets.classification.catalogue.models import fold_name
from fw_assets.classification.instruction.annotated_text import MODEL, AnnotatedText

_PIECE = re.compile(r"[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?")
_LONGEST = 9
"""Words of the longest model name."""

_QUALIFIER = (
    r"(?:v?\d+(?:[.p]\d+)*[bmo]?|\d+x\d+b|a\d+(?:\.\d+)?b|instruct|it|chat|base|thinking|"
    r"coder|vl|vision|fp8|awq|gguf|mini|small"
    r"|medium|large|nano|flash|pro|preview|turbo|distill|maverick|scout|nemo|oss|next|max|"
    r"plus|super|ultra|guard|omni"
    r"|k\d+(?:[.p]\d+)?|r\d+|e\d+b|[vl]\d+)"
)
_FAMILY = re.compile(
    rf"\b(?:accounts/[\w-]+/models/[\w.-]+"
    rf"|(?:qwen|qwq|llama|gemma|kimi|glm|deep\s?seek|minimax|nemotron|gpt|mistral|mixtral|"
    rf"ministral|codestral|minilm"
    rf"|olmo|granite|smollm|deberta|distilbert|roberta|modernbert|bert|claude|gemini|"
    rf"codellama|internlm|hunyuan|ernie)"
    rf"(?:\d+(?:[.p]\d+)*[bm]?)?(?:[\s_-]{_QUALIFIER}(?![\w%]|/\d))*"
    rf"|(?:phi|yi|falcon|command|nova|jamba|dbrx|grok|t5)[\s_-]?{_QUALIFIER}(?![\w%])(?:[\s"
    rf"_-]{_QUALIFIER}(?![\w%]))*)"
)
_CONTINUES = re.compile(rf"[\s_-]{_QUALIFIER}(?![\w%/]|\s*(?:epochs?|jobs?|rows|samples|finalists?)\b)")
_SIZE = re.compile(
    r"(\s*(?:,\s*(?:and|or)?|and|or|vs|versus|/|&|\+)\s*)(\d+(?:\.\d+)?\s?b)(?![\w-]|\s+(?:instruct"
    r"|chat))"
)
_LISTED = re.compile(r"\b(?:models?|candidates?)\s*[:=]\s*([^\n;.!?]+(?:\.\d[^\n;.!?]*)*)")


def read_models(reading: AnnotatedText, catalogue: Sequence[str]) -> frozenset[str]:
    """Claim `models`: ids of the catalogue, and names that look like models as they were written."""
    by_fold = _by_fold(catalogue)
    found: list[tuple[str, int, int]] = []
    for name, start, end in _from_catalogue(reading, by_fold):
        reading.take(start, end, MODEL)
        found += [(name, start, end), *_sizes(reading, name, end, by_fold)]
    for name, start, end in _from_family(reading, catalogue):
        reading.take(start, end, MODEL)
        found += [(name, start, end), *_sizes(reading, name, end, by_fold)]
    found += _from_list(reading)
    for name, start, end in found:
        reading.claim("models", name, start, end, shown=MODEL)
    return frozenset(name for name, _, _ in found)


def _by_fold(catalogue: Sequence[str]) -> dict[tuple[str, ...], str]:
    """Ids by their folded name; what two models share is left out, so that neither is taken for the other."""
    found: dict[tuple[str, ...], set[str]] = {}
    for name in catalogue:
        short = name.rsplit("/", 1)[-1]
        found.setdefault(fold_name(short), set()).add(short)
    for name in catalogue:
        short = name.rsplit("/", 1)[-1]
        folded = fold_name(short)
        if folded and folded[-1] in ("instruct", "it", "chat") and folded[:-1] not in found:
            found.setdefault(folded[:-1], set()).add(short)
    return {key: next(iter(names)) for key, names in found.items() if len(names) == 1}


def _from_catalogue(reading: AnnotatedText, by_fold: dict[tuple[str, ...], str]) -> Iterator[tuple[str, int, int]]:
    """The longest run of words at each place that folds to an id, unless more of a name follows it."""
    pieces = list(_PIECE.finditer(reading.work))
    index = 0
    while index < len(pieces):
        match = None
        for last in range(min(index + _LONGEST, len(pieces)) - 1, index - 1, -1):
            start, end = pieces[index].start(), pieces[last].end()
            gaps = reading.work[start:end]
            if re.search(r"[^a-z0-9_. -]", gaps):
                continue
            if name := by_fold.get(fold_name(gaps)):
                match = (name, start, end, last)
                break
        before = reading.work[: pieces[index].start()]
        if match and not before.endswith("/") and not _CONTINUES.match(reading.work, match[2]):
            yield match[0], match[1], match[2]
            index = match[3] + 1
        else:
            index += 1


def _from_family(reading: AnnotatedText, catalogue: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    shorts = {name.rsplit("/", 1)[-1] for name in catalogue if "/" not in name}
    shorts |= {name.rsplit("/", 1)[-1] for name in catalogue if name.startswith("accounts/fireworks/")}
    for found in list(_FAMILY.finditer(reading.work)):
        name = re.sub(r"\s+", " ", reading.text[found.start() : found.end()]).rstrip("-_ .")
        public = name.removeprefix("accounts/fireworks/models/")
        yield (
            public if public in shorts else name,
            found.start(),
            found.start() + len(found[0].rstrip("-_ .")),
        )


def _sizes(
    reading: AnnotatedText, name: str, end: int, by_fold: dict[tuple[str, ...], str]
) -> Iterator[tuple[str, int, int]]:
    """`Qwen3 8B, 14B and 32B`: further sizes of the model just named."""
    while found := _SIZE.match(reading.work, end):
        size = found[2].replace(" ", "")
        sibling, changed = re.subn(r"\d+(?:[.p]\d+)?\s?b\b(?!.*\db\b)", size, name, flags=re.IGNORECASE)
        if not changed:
            return
        start, end = found.start(2), found.end(2)
        reading.take(start, end, MODEL)
        yield by_fold.get(fold_name(sibling), sibling), start, end


def _from_list(reading: AnnotatedText) -> Iterator[tuple[str, int, int]]:
    """`models: a, b`: what stands in such a list is a model, known or not."""
    for found in list(_LISTED.finditer(reading.work)):
        for item in re.finditer(r"[^,\s][^,]*?(?=\s*(?:,|\band\b|$))", found[1]):
            word = item[0].strip("\"'` ")
            if re.fullmatch(r"[a-z][a-z0-9_.-]*(?:-[a-z0-9_.]+)+", word):
                start = found.start(1) + item.start() + item[0].index(word)
                yield reading.text[start : start + len(word)], start, start + len(word)
                reading.take(start, start + len(word), MODEL)
