"""Models in an instruction: those of the catalogue in any spelling, others as written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fw_assets.classification.catalogue.model_names import fold_name
from fw_assets.classification.instruction.annotated_text import MODEL, AnnotatedText

_PIECE = re.compile(r"[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?")
_MAX_WORDS = 9
"""Words of the longest model name."""

_QUALIFIER = (
    r"(?:v?\d+(?:[.p]\d+)*[bmo]?|\d+x\d+b|a\d+(?:\.\d+)?b|instruct|it|chat|base|thinking|"
    r"coder|vl|vision|fp8|awq|gguf|mini|small"
    r"|medium|large|nano|flash|pro|preview|turbo|distill|maverick|scout|nemo|oss|next|max|"
    r"plus|super|ultra|guard|omni"
    r"|k\d+(?:[.p]\d+)?|r\d+|e\d+b|[vl]\d+)"
)
_FAMILY = re.compile(
    rf"\b(?:(?:accounts/[\w-]+/models/[\w.-]+#)?accounts/[\w-]+/(?:deployments|routers)/[\w-]+"
    rf"|accounts/[\w-]+/models/[\w.-]+"
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


Mention = tuple[str, int, int]
"""A model's name, and the start and end of the piece that names it."""


def annotate_models(annotated: AnnotatedText, catalogue: Sequence[str]) -> frozenset[str]:
    """Assign `models`, and return them: ids of the catalogue, and names that look like models as written."""
    by_fold = _by_fold(catalogue)
    mentions: list[Mention] = []
    for name, start, end in _from_catalogue(annotated, by_fold):
        annotated.mark(start, end, MODEL)
        mentions += [(name, start, end), *_sizes(annotated, name, end, by_fold)]
    for name, start, end in _from_family(annotated, catalogue):
        annotated.mark(start, end, MODEL)
        mentions += [(name, start, end), *_sizes(annotated, name, end, by_fold)]
    mentions += _from_list(annotated)
    for name, start, end in mentions:
        annotated.assign("models", name, start, end, mask=MODEL)
    return frozenset(name for name, _, _ in mentions)


def _by_fold(catalogue: Sequence[str]) -> dict[tuple[str, ...], str]:
    """Ids by folded name; a name that two models share is left out."""
    ids: dict[tuple[str, ...], set[str]] = {}
    for name in catalogue:
        short = name.rsplit("/", 1)[-1]
        ids.setdefault(fold_name(short), set()).add(short)
    for name in catalogue:
        short = name.rsplit("/", 1)[-1]
        folded = fold_name(short)
        if folded and folded[-1] in ("instruct", "it", "chat") and folded[:-1] not in ids:
            ids.setdefault(folded[:-1], set()).add(short)
    return {folded: next(iter(names)) for folded, names in ids.items() if len(names) == 1}


def _from_catalogue(annotated: AnnotatedText, by_fold: dict[tuple[str, ...], str]) -> Iterator[Mention]:
    """At each position the longest run of words that folds to an id, unless the name continues after it."""
    pieces = list(_PIECE.finditer(annotated.masked))
    index = 0
    while index < len(pieces):
        mention = None
        last = index
        for last in range(min(index + _MAX_WORDS, len(pieces)) - 1, index - 1, -1):
            start, end = pieces[index].start(), pieces[last].end()
            words = annotated.masked[start:end]
            if re.search(r"[^a-z0-9_. -]", words):
                continue
            if name := by_fold.get(fold_name(words)):
                mention = (name, start, end)
                break
        before = annotated.masked[: pieces[index].start()]
        if mention and not before.endswith("/") and not _CONTINUES.match(annotated.masked, mention[2]):
            yield mention
            index = last + 1
        else:
            index += 1


def _from_family(annotated: AnnotatedText, catalogue: Sequence[str]) -> Iterator[Mention]:
    """Names of known model families, as written."""
    own = {name.rsplit("/", 1)[-1] for name in catalogue if "/" not in name}
    own |= {name.rsplit("/", 1)[-1] for name in catalogue if name.startswith("accounts/fireworks/")}
    for match in list(_FAMILY.finditer(annotated.masked)):
        name = re.sub(r"\s+", " ", annotated.text[match.start() : match.end()]).rstrip("-_ .")
        short = name.removeprefix("accounts/fireworks/models/")
        yield short if short in own else name, match.start(), match.start() + len(match[0].rstrip("-_ ."))


def _sizes(annotated: AnnotatedText, name: str, end: int, by_fold: dict[tuple[str, ...], str]) -> Iterator[Mention]:
    """Further sizes of the model just named: `Qwen3 8B, 14B and 32B`."""
    while match := _SIZE.match(annotated.masked, end):
        size = match[2].replace(" ", "")
        sibling, changed = re.subn(r"\d+(?:[.p]\d+)?\s?b\b(?!.*\db\b)", size, name, flags=re.IGNORECASE)
        if not changed:
            return
        start, end = match.start(2), match.end(2)
        annotated.mark(start, end, MODEL)
        yield by_fold.get(fold_name(sibling), sibling), start, end


def _from_list(annotated: AnnotatedText) -> Iterator[Mention]:
    """The items of a list such as `models: a, b`, in the catalogue or not."""
    for match in list(_LISTED.finditer(annotated.masked)):
        for item in re.finditer(r"[^,\s][^,]*?(?=\s*(?:,|\band\b|$))", match[1]):
            word = item[0].strip("\"'` ")
            if re.fullmatch(r"[a-z][a-z0-9_.-]*(?:-[a-z0-9_.]+)+", word):
                start = match.start(1) + item.start() + item[0].index(word)
                yield annotated.text[start : start + len(word)], start, start + len(word)
                annotated.mark(start, start + len(word), MODEL)
