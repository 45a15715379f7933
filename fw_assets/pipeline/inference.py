"""Asking a served model for every row of a part, once each, side by side, resuming from the answers that are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.answer import predictions_frame
from fw_assets.classification.completion import Completion
from fw_assets.classification.prompt import Prompt, request
from fw_assets.classification.values import digest
from fw_assets.fireworks import BadRequest, ChatCompletion, Fireworks, FireworksError
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
    keys = request_keys(prompt, rows)
    distinct = set(keys)
    errors: dict[str, FireworksError] = {}
    waiting = waiting_rows(rows, keys, store)
    sent = await _send(client, address, prompt, waiting, store, errors, what, distinct, concurrency)
    usage = used(distinct, store)
    wrong = [error for error in errors.values() if isinstance(error, BadRequest)]
    refused = str(wrong[0]) if wrong and not usage.requests and len(wrong) == len(errors) else None
    return Asked(judged(prompt, rows, keys, store, errors), usage, sent, refused)


def request_keys(prompt: Prompt, rows: pl.DataFrame) -> list[str]:
    """What the answers to the rows are kept under: the digest of each request's messages."""
    return [digest(request(prompt, messages)["messages"], 24) for messages in rows["messages"]]


def used(keys: Iterable[str], store: AnswerStore) -> Usage:
    """What the answers to distinct requests have used."""
    answers = [answer for key in keys if (answer := store.get(key)) is not None]
    return Usage(
        requests=len(answers),
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
    )


def waiting_rows(rows: pl.DataFrame, keys: list[str], store: AnswerStore) -> Iterator[tuple[str, str]]:
    """The keys and messages that have no answer yet, each once, in the order of the rows."""
    seen: set[str] = set()
    for key, messages in zip(keys, rows["messages"], strict=True):
        if key not in seen and store.get(key) is None:
            seen.add(key)
            yield key, messages


def stored(key: str, answer: ChatCompletion) -> StoredAnswer:
    """A completion as it is kept."""
    return StoredAnswer(
        key=key,
        text=answer.text,
        finish_reason=answer.finish_reason,
        refusal=answer.refusal,
        confidence=answer.confidence,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
    )


def judged(
    prompt: Prompt, rows: pl.DataFrame, keys: list[str], store: AnswerStore, errors: dict[str, FireworksError]
) -> pl.DataFrame:
    """The predictions (schema PREDICTIONS) of rows whose requests have these keys."""
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
            store.add(stored(key, answer))
            done += 1
            if done % 50 == 0 or done == total:
                rate = (done - known) / max(time.monotonic() - started, 1e-9)
                tell(what, done, total, f"{rate:.0f}/s{remaining((total - done) / rate)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(min(pace.most, total - known)):
            group.create_task(worker())
    return done - known + len(errors)
