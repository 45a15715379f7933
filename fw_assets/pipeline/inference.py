"""Asking a served model for every row of a part, once each, side by side, resuming from the answers that are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.answer import predictions_frame
from fw_assets.classification.completion import Completion
from fw_assets.classification.prompt import Prompt, request
from fw_assets.classification.values import digest
from fw_assets.fireworks import BadRequest, Fireworks, FireworksError
from fw_assets.pipeline.answers import AnswerStore, StoredAnswer
from fw_assets.pipeline.pace import START, Pace
from fw_assets.pipeline.progress import remaining, tell
from fw_assets.pipeline.values import Usage

_JUDGED_TOGETHER = 10_000


@dataclass(frozen=True)
class Asked:
    """The predictions of one model on some rows, and what they used."""

    predictions: pl.DataFrame
    usage: Usage
    sent: int
    """Requests sent now; the rest was known."""
    refused: str | None = None
    """What the platform said, where it refused every request as one that it does not understand (400)."""


async def ask(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    rows: pl.DataFrame,
    store: AnswerStore,
    *,
    what: str,
    concurrency: int = START,
) -> Asked:
    """Ask `address` for each of `rows` (a SPLIT frame) and judge the answers.

    A row whose request fails for good has outcome `failed` and is asked again the next time; the others are kept.
    Of each row only the digest of its request is held; requests are made when there is a place to send them.

    Args:
        concurrency: requests under way at once to begin with; `Pace` then follows the platform.
    """
    keys = [digest(request(prompt, messages)["messages"], 24) for messages in rows["messages"]]
    distinct = set(keys)
    errors: dict[str, FireworksError] = {}
    waiting = _waiting(rows, keys, store)
    sent = await _send(client, address, prompt, waiting, store, errors, what, distinct, concurrency)
    answers = [answer for key in distinct if (answer := store.get(key)) is not None]
    usage = Usage(
        requests=len(answers),
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
    )
    wrong = [error for error in errors.values() if isinstance(error, BadRequest)]
    refused = str(wrong[0]) if wrong and not answers and len(wrong) == len(errors) else None
    return Asked(_judged(prompt, rows, keys, store, errors), usage, sent, refused)


def _waiting(rows: pl.DataFrame, keys: list[str], store: AnswerStore) -> Iterator[tuple[str, str]]:
    """The keys and messages that have no answer yet, each once, in the order of the rows."""
    seen: set[str] = set()
    for key, messages in zip(keys, rows["messages"], strict=True):
        if key not in seen and store.get(key) is None:
            seen.add(key)
            yield key, messages


def _judged(
    prompt: Prompt, rows: pl.DataFrame, keys: list[str], store: AnswerStore, errors: dict[str, FireworksError]
) -> pl.DataFrame:
    frames = [predictions_frame(prompt, rows.clear(), {})]
    for start in range(0, rows.height, _JUDGED_TOGETHER):
        part = rows.slice(start, _JUDGED_TOGETHER)
        completions = {}
        for row_id, key in zip(part["id"], keys[start : start + _JUDGED_TOGETHER], strict=True):
            answer = store.get(key)
            completions[row_id] = answer.completion() if answer else Completion(error=str(errors[key]))
        frames.append(predictions_frame(prompt, part, completions))
    return pl.concat(frames)


async def _send(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    waiting: Iterator[tuple[str, str]],
    store: AnswerStore,
    errors: dict[str, FireworksError],
    what: str,
    distinct: set[str],
    concurrency: int,
) -> int:
    total = len(distinct)
    known = done = sum(store.get(key) is not None for key in distinct)
    started = time.monotonic()
    pace = Pace(concurrency, throttled=lambda: client.throttled)
    tell(what, done, total)

    async def worker() -> None:
        nonlocal done
        for key, messages in waiting:
            try:
                async with pace.place():
                    answer = await client.chat({"model": address, **request(prompt, messages)})
            except FireworksError as error:
                errors[key] = error
                continue
            store.add(
                StoredAnswer(
                    key=key,
                    text=answer.text,
                    finish_reason=answer.finish_reason,
                    refusal=answer.refusal,
                    confidence=answer.confidence,
                    prompt_tokens=answer.prompt_tokens,
                    completion_tokens=answer.completion_tokens,
                )
            )
            done += 1
            if done % 50 == 0 or done == total:
                rate = (done - known) / max(time.monotonic() - started, 1e-9)
                tell(what, done, total, f"{rate:.0f}/s{remaining((total - done) / rate)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(min(pace.most, total - known)):
            group.create_task(worker())
    return done - known + len(errors)
