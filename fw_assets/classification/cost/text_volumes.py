"""Text volumes: characters, bytes and symbols of each part of a dataset, and its tokens where they can be counted."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from fw_assets.classification.cost.text_sizes import TextKinds, TextSize
from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.values import Frozen

MAX_MEASURED_ROWS = 50_000
"""Rows of a part whose texts are measured; the rest is scaled from them."""
LENGTH_BOUNDS = tuple(quarters << (power - 2) for power in range(6, 22) for quarters in (4, 5, 6, 7))
"""Tokens, of which prompts longer than each are counted: the context lengths of models are powers of two, or near."""


class TextVolume(Frozen):
    """The amount of text in one part of the data.

    `messages` counts the messages of all prompts; `prompt_characters` is their text, including the added system
    message; `answer_characters` is the text of correct answers. Bytes are those in UTF-8, symbols the digits and marks
    of ASCII; both are 0 in what earlier versions stored. The tokens of both are null unless they were counted with the
    model's own tokenizer; they do not include what a chat template adds. `approximate`: scaled from other rows, so that
    even counted tokens are not exact. `longer` has for bounds in tokens, in ascending order, the rows whose prompt is
    longer, down to the last bound that any prompt passes; `longer_turns` has the same without the added system message,
    null where that makes no difference or is not known. `system_tokens` are those of the added system message in all
    rows, 0 where they were not counted.
    """

    rows: int = 0
    messages: int = 0
    prompt_characters: int = 0
    prompt_bytes: int = 0
    prompt_symbols: int = 0
    answer_characters: int = 0
    answer_bytes: int = 0
    answer_symbols: int = 0
    prompt_kinds: TextKinds = TextKinds()
    answer_kinds: TextKinds = TextKinds()
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    approximate: bool = False
    longer: tuple[tuple[int, int], ...] = ()
    longer_turns: tuple[tuple[int, int], ...] | None = None
    system_tokens: int = 0

    @property
    def prompt_size(self) -> TextSize:
        return TextSize(self.prompt_characters, self.prompt_bytes, self.prompt_symbols, **vars(self.prompt_kinds))

    @property
    def answer_size(self) -> TextSize:
        return TextSize(self.answer_characters, self.answer_bytes, self.answer_symbols, **vars(self.answer_kinds))

    def longer_than(self, tokens: int, *, whole: bool = True) -> int:
        """Rows whose prompt is longer; at least so many where `tokens` is none of `LENGTH_BOUNDS`.

        Args:
            whole: count the added system message too.
        """
        return next((rows for bound, rows in (self.longer if whole else self._turns) if bound >= tokens), 0)

    @property
    def _turns(self) -> tuple[tuple[int, int], ...]:
        return self.longer if self.longer_turns is None else self.longer_turns

    def __add__(self, other: TextVolume) -> TextVolume:
        if not self.rows or not other.rows:
            return other if not self.rows else self
        return TextVolume(
            **{name: getattr(self, name) + getattr(other, name) for name in _SUMS},
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            answer_tokens=_sum(self.answer_tokens, other.answer_tokens),
            approximate=self.approximate or other.approximate,
            longer=_added(self.longer, other.longer),
            longer_turns=None if self.longer_turns is other.longer_turns is None else _added(self._turns, other._turns),
        )

    def scaled(self, rows: int) -> TextVolume:
        """The volume of another number of such rows."""
        if rows == self.rows:
            return self
        if not self.rows:
            return TextVolume(rows=rows)
        share = rows / self.rows

        def part(count: int | None) -> int | None:
            return None if count is None else round(count * share)

        return TextVolume(
            **{name: round(getattr(self, name) * share) for name in _COUNTS} | {"rows": rows},
            prompt_kinds=self.prompt_kinds.scaled(share),
            answer_kinds=self.answer_kinds.scaled(share),
            prompt_tokens=part(self.prompt_tokens),
            answer_tokens=part(self.answer_tokens),
            approximate=True,
            longer=_shared(self.longer, share),
            longer_turns=None if self.longer_turns is None else _shared(self.longer_turns, share),
        )


_COUNTS = (
    "rows",
    "messages",
    "prompt_characters",
    "prompt_bytes",
    "prompt_symbols",
    "answer_characters",
    "answer_bytes",
    "answer_symbols",
    "system_tokens",
)
_SUMS = (*_COUNTS, "prompt_kinds", "answer_kinds")


class _Turn(msgspec.Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None


_TURNS = msgspec.json.Decoder(list[_Turn])


def measure_volumes(
    frame: pl.DataFrame,
    *,
    system: str = "",
    render: Callable[[Sequence[str]], str] = "\n".join,
    count: Callable[[str], int] | None = None,
    estimate: Callable[[TextSize], float] | None = None,
) -> Mapping[str, TextVolume]:
    """The volume of each part of a split frame (`messages`, `labels`, `split`), by the part's name.

    Args:
        frame: the rows; the final assistant turn is the answer, not the prompt.
        system: the system message that is added to every row, empty for none.
        render: the answer text for a row's labels.
        count: the tokens of a text by the model's own tokenizer; without it only characters are counted.
        estimate: the tokens of a text of this size, by which long prompts are counted where there is no `count`.

    Of a part with more than `MAX_MEASURED_ROWS` rows, evenly spaced ones are measured and the sums scaled. A part with
    repeated messages has a second entry, `PART/asked`, in which each counts once.
    """
    volumes: dict[str, TextVolume] = {}
    for (name,), part in frame.select("split", "messages", "labels").group_by("split", maintain_order=True):
        volumes[str(name)] = _measure(_sample(part), system, render, count, estimate).scaled(part.height)
        distinct = part.unique("messages", maintain_order=True)
        if distinct.height < part.height:
            volumes[f"{name}/asked"] = _measure(_sample(distinct), system, render, count, estimate).scaled(
                distinct.height
            )
    return volumes


def asked_once(volumes: Mapping[str, TextVolume], part: str) -> TextVolume:
    """The volume of a part in which equal prompts count once, because they are sent once."""
    return volumes.get(f"{part}/asked") or volumes.get(part) or TextVolume()


def of_arm(volumes: Mapping[str, TextVolume], arm: str) -> Mapping[str, TextVolume]:
    """The volumes of the parts as an arm asks them, by the part's name."""
    return {name.removeprefix(f"{arm}/"): volume for name, volume in volumes.items() if name.startswith(f"{arm}/")}


def under_arm(volumes: Mapping[str, TextVolume], arm: str) -> dict[str, TextVolume]:
    """Volumes of the parts as an arm asks them, under names of the arm's own."""
    return {f"{arm}/{name}": volume for name, volume in volumes.items()}


def _sample(part: pl.DataFrame) -> pl.DataFrame:
    return part if part.height <= MAX_MEASURED_ROWS else part.gather_every(-(-part.height // MAX_MEASURED_ROWS))


def _measure(
    part: pl.DataFrame,
    system: str,
    render: Callable[[Sequence[str]], str],
    count: Callable[[str], int] | None,
    estimate: Callable[[TextSize], float] | None,
) -> TextVolume:
    answers: Counter[tuple[str, ...]] = Counter()
    messages = tokens = 0
    added = count(system) if count and system else 0
    before = float(added)
    if system and estimate and not count:
        size = TextSize()
        size.add(system)
        before = estimate(size)
    prompts = TextSize()
    lengths: list[float] = []
    for conversation, labels in part.select("messages", "labels").iter_rows():
        turns = _prompt(conversation)
        if system:
            turns.append(system)
        messages += len(turns)
        row = TextSize()
        for turn in turns:
            row.add(turn)
        prompts.include(row)
        if count:
            counted = sum(map(count, turns))
            tokens += counted
            lengths.append(counted)
        elif estimate:
            lengths.append(estimate(row))
        answers[tuple(labels or ())] += 1
    rendered = [(render(labels), times) for labels, times in answers.items() if labels]
    written = TextSize()
    for text, times in rendered:
        written.add(text, times)
    return TextVolume(
        rows=part.height,
        messages=messages,
        prompt_characters=prompts.characters,
        prompt_bytes=prompts.bytes,
        prompt_symbols=prompts.symbols,
        answer_characters=written.characters,
        answer_bytes=written.bytes,
        answer_symbols=written.symbols,
        prompt_kinds=prompts.kinds,
        answer_kinds=written.kinds,
        prompt_tokens=tokens if count else None,
        answer_tokens=sum(count(text) * times for text, times in rendered) if count else None,
        longer=_longer(sorted(lengths)),
        longer_turns=_longer(sorted(length - before for length in lengths)) if before else None,
        system_tokens=added * part.height,
    )


def _longer(lengths: Sequence[float]) -> tuple[tuple[int, int], ...]:
    """(bound, lengths above it) for the bounds that some length passes; lengths in ascending order."""
    pairs = ((bound, len(lengths) - bisect_right(lengths, bound)) for bound in LENGTH_BOUNDS)
    return tuple(pair for pair in pairs if pair[1])


def _added(first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((Counter(dict(first)) + Counter(dict(second))).items()))


def _shared(longer: Sequence[tuple[int, int]], share: float) -> tuple[tuple[int, int], ...]:
    return tuple((bound, round(rows * share)) for bound, rows in longer)


def _prompt(messages: str) -> list[str]:
    turns = _TURNS.decode(messages)
    if turns and turns[-1].role == "assistant":
        turns.pop()
    return [content_text(turn.content) for turn in turns]


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
