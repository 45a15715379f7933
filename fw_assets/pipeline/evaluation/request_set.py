"""The requests of some rows: which row's is which, what is still to be sent, what failed, what came of them.

Rows pass by in slices and what is known of them lies in the answers' lookup on disk, so that a million rows take no
more memory than ten thousand.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import polars as pl

from fw_assets.classification.prompting.answer_parser import PREDICTIONS, predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt, request_turns
from fw_assets.classification.values import digest
from fw_assets.fireworks import BadRequest, FireworksError
from fw_assets.pipeline.evaluation.response_cache import ResponseCache, read_answer
from fw_assets.pipeline.values import Usage
from fw_assets.workspace.batches import Batches


def request_key(prompt: Prompt, messages: str) -> str:
    """What the answer to a row is kept under: the digest of its request's messages."""
    return digest(request_turns(prompt, messages), 24)


class RequestSet:
    """The distinct requests of `rows` to one model under one prompt.

    Attributes:
        total: how many there are.
        failed: how many failed for good since this was made.
    """

    def __init__(self, prompt: Prompt, rows: Batches, store: ResponseCache) -> None:
        self.failed = 0
        self._misunderstood: str | None = None
        self._understood_none = True
        self._prompt, self._rows, self._lookup = prompt, rows, store.lookup
        self._round = store.next_round()
        place = itertools.count()
        for part in rows:
            keyed = [(self._round, next(place), request_key(prompt, messages)) for messages in part["messages"]]
            self._lookup.executemany("INSERT INTO row VALUES (?, ?, ?)", keyed)
            self._lookup.executemany("INSERT OR IGNORE INTO request (round, first, key) VALUES (?, ?, ?)", keyed)
        self.total: int = self._one("SELECT count(*) FROM request WHERE round = ?")[0]

    @property
    def answered(self) -> int:
        """How many have an answer."""
        count: int = self._one("SELECT count(*) FROM request JOIN answer USING (key) WHERE round = ?")[0]
        return count

    @property
    def usage(self) -> Usage:
        """What the answers have used."""
        requests, prompt_tokens, completion_tokens = self._one(
            "SELECT count(*), ifnull(sum(prompt_tokens), 0), ifnull(sum(completion_tokens), 0) "
            "FROM request JOIN answer USING (key) WHERE round = ?"
        )
        return Usage(requests=requests, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    @property
    def refused(self) -> str | None:
        """What the platform said, where it refused every request as one that it does not understand (400)."""
        return self._misunderstood if self._understood_none and not self.answered else None

    @property
    def error(self) -> str | None:
        """What was said of one of those that failed."""
        found: str | None = self._one("SELECT min(error) FROM request WHERE round = ?")[0]
        return found

    def waiting(self) -> Iterator[tuple[str, str]]:
        """The keys and messages that have no answer yet, each once, in the order of the rows."""
        place = 0
        for part in self._rows:
            unanswered = self._lookup.execute(
                "SELECT place, key FROM row JOIN request USING (round, key) LEFT JOIN answer USING (key) "
                "WHERE round = ? AND place >= ? AND place < ? AND place = first AND line IS NULL ORDER BY place",
                (self._round, place, place + part.height),
            ).fetchall()
            messages = part["messages"]
            for at, key in unanswered:
                yield key, messages[at - place]
            place += part.height

    def fail(self, key: str, error: FireworksError) -> None:
        """A request failed for good; its rows are asked again the next time."""
        self.failed += 1
        if isinstance(error, BadRequest):
            self._misunderstood = self._misunderstood or str(error)
        else:
            self._understood_none = False
        self._lookup.execute("UPDATE request SET error = ? WHERE round = ? AND key = ?", (str(error), self._round, key))

    def wants(self, key: str) -> bool:
        """Whether this is one of the requests, and has no answer yet."""
        query = "SELECT count(*) FROM request LEFT JOIN answer USING (key) WHERE round = ? AND key = ? AND line IS NULL"
        return bool(self._one(query, key)[0])

    def missing_digest(self) -> str:
        """Names the requests that have no answer, whatever their order."""
        seen = hashlib.sha256()
        for (key,) in self._lookup.execute(
            "SELECT key FROM request LEFT JOIN answer USING (key) WHERE round = ? AND line IS NULL ORDER BY key",
            (self._round,),
        ):
            seen.update(key.encode())
        return seen.hexdigest()

    def judged(self) -> Iterator[pl.DataFrame]:
        """The predictions (schema PREDICTIONS) of all rows, in their order, a slice at a time."""
        place = 0
        for part in self._rows:
            found = self._lookup.execute(
                "SELECT line, error FROM row JOIN request USING (round, key) LEFT JOIN answer USING (key) "
                "WHERE round = ? AND place >= ? AND place < ? ORDER BY place",
                (self._round, place, place + part.height),
            ).fetchall()
            completions = {
                row: read_answer(line).completion() if line else Completion(error=error or "gave no answer")
                for row, (line, error) in zip(part["id"], found, strict=True)
            }
            yield predictions_frame(self._prompt, part, completions)
            place += part.height
        if not place:
            yield pl.DataFrame(schema=PREDICTIONS)

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._lookup.execute(query, (self._round, *values)).fetchone()
        return found
