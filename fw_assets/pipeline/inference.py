"""Asking a served model for every row of a part, once each, side by side, resuming from the answers that are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from fw_assets.classification.answer import predictions_frame
from fw_assets.classification.completion import Completion
from fw_assets.classification.prompt import Prompt, request
from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks, FireworksError
from fw_assets.pipeline.answers import AnswerStore, StoredAnswer
from fw_assets.pipeline.progress import tell
from fw_assets.pipeline.values import Usage

CONCURRENCY = 16


@dataclass(frozen=True)
class Asked:
    """The predictions of one model on some rows, and what they used."""

    predictions: pl.DataFrame
    usage: Usage
    sent: int
    """Requests sent now; the rest was known."""


async def ask(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    rows: pl.DataFrame,
    store: AnswerStore,
    *,
    what: str,
    concurrency: int = CONCURRENCY,
) -> Asked:
    """Ask `address` for each of `rows` (a SPLIT frame) and judge the answers.

    A row whose request fails for good has outcome `failed` and is asked again the next time; the others are kept.
    """
    requests = {row_id: request(prompt, messages) for row_id, messages in rows.select("id", "messages").iter_rows()}
    keys = {row_id: digest(body["messages"], 24) for row_id, body in requests.items()}
    waiting: dict[str, dict[str, Any]] = {}
    for row_id, body in requests.items():
        if store.get(keys[row_id]) is None:
            waiting.setdefault(keys[row_id], body)
    errors = await _send(
        client, address, waiting, store, what=what, known=len(set(keys.values())), concurrency=concurrency
    )
    answers = {row_id: store.get(key) for row_id, key in keys.items()}
    completions = {
        row_id: answer.completion() if answer else Completion(error=errors[keys[row_id]])
        for row_id, answer in answers.items()
    }
    usage = Usage(
        requests=len(set(keys.values())) - len(errors),
        prompt_tokens=sum(a.prompt_tokens for a in _distinct(answers)),
        completion_tokens=sum(a.completion_tokens for a in _distinct(answers)),
    )
    return Asked(predictions_frame(prompt, rows, completions), usage, len(waiting))


def _distinct(answers: Mapping[str, StoredAnswer | None]) -> list[StoredAnswer]:
    return list({answer.key: answer for answer in answers.values() if answer is not None}.values())


async def _send(
    client: Fireworks,
    address: str,
    waiting: dict[str, dict[str, Any]],
    store: AnswerStore,
    *,
    what: str,
    known: int,
    concurrency: int,
) -> dict[str, str]:
    queue = list(waiting.items())[::-1]
    errors: dict[str, str] = {}
    done = known - len(waiting)
    started = time.monotonic()
    tell(what, done, known)

    async def worker() -> None:
        nonlocal done
        while queue:
            key, body = queue.pop()
            try:
                answer = await client.chat({"model": address, **body})
            except FireworksError as error:
                errors[key] = str(error)
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
            if done % 50 == 0 or done == known:
                rate = (done - known + len(waiting)) / max(time.monotonic() - started, 1e-9)
                tell(what, done, known, f"{rate:.0f}/s")

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(waiting))):
            group.create_task(worker())
    return errors
