"""Answers that were paid for, kept row by row so that no request is sent twice.

One growing collection per (served model, prompt, decoding parameters), one line per answer. Only answers are kept,
errors never: asking again is how an error is mended. On a disk every answer is stored before the next one is asked
for; behind a URL many at a time, and a process that dies loses the last few hundred or those of the last seconds
(`object_records`), which are asked again.

What is looked up lies in a SQLite database of its own beside it: a temporary one on disk, made from the collection when
it is opened and gone when it is closed, so that memory does not grow with the answers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.values import digest
from fw_assets.workspace.append_log import Collection
from fw_assets.workspace.workspace import Workspace

_CACHE_KIB = 4096


class StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer; `key` is the digest of the request's messages."""

    key: str
    text: str | None
    finish_reason: str | None
    refusal: str | None = None
    confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def completion(self) -> Completion:
        """The same as the domain reads it."""
        return Completion(
            text=self.text,
            finish_reason=self.finish_reason,
            refusal=self.refusal,
            confidence=self.confidence,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )


_decoder = msgspec.json.Decoder(StoredAnswer)
_encoder = msgspec.json.Encoder()


class ResponseCache:
    """The answers of one served model to one prompt.

    Attributes:
        lookup: the table `answer`, and `row` and `request` for those who ask, round by round.
    """

    def __init__(self, workspace: Workspace, dataset: str, served_model: str, decoding: object) -> None:
        self._stored = workspace.collection(dataset, "answers", f"{digest([served_model, decoding], 16)}.jsonl")
        self.lookup = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.lookup.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self.lookup.execute("PRAGMA journal_mode = OFF")
        self.lookup.executescript(_TABLES)
        # One transaction from here to the end: a database that dies with its connection has nothing to commit.
        self.lookup.execute("BEGIN")
        self.lookup.executemany(_INSERT, _kept(self._stored))
        self._rounds = 0

    def __len__(self) -> int:
        count: int = self.lookup.execute("SELECT count(*) FROM answer").fetchone()[0]
        return count

    def next_round(self) -> int:
        """A number for a round of requests."""
        self._rounds += 1
        return self._rounds

    def get(self, key: str) -> StoredAnswer | None:
        """The answer to a request, or None where it has not been asked yet."""
        found = self.lookup.execute("SELECT line FROM answer WHERE key = ?", (key,)).fetchone()
        return read_answer(found[0]) if found else None

    def add(self, answer: StoredAnswer) -> None:
        """Keep an answer; stored at the latest when `flush` returns, on a disk when this returns: no kill loses it."""
        line = _encoder.encode(answer).decode()
        self._stored.append(line)
        self.lookup.execute(_INSERT, _fields(answer, line))

    def flush(self) -> None:
        """Store every answer."""
        self._stored.flush()


_TABLES = """
CREATE TABLE answer (key TEXT PRIMARY KEY, line TEXT, prompt_tokens INT, completion_tokens INT) WITHOUT ROWID;
CREATE TABLE row (round INT, place INT, key TEXT, PRIMARY KEY (round, place)) WITHOUT ROWID;
-- `first`: the place of the first of several equal rows, the one that is asked for.
CREATE TABLE request (round INT, key TEXT, first INT, error TEXT, PRIMARY KEY (round, key)) WITHOUT ROWID;
"""
_INSERT = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)"


def read_answer(line: str) -> StoredAnswer:
    """A line of the record."""
    return _decoder.decode(line)


def _fields(answer: StoredAnswer, line: str) -> tuple[str, str, int, int]:
    return answer.key, line, answer.prompt_tokens, answer.completion_tokens


def _kept(stored: Collection) -> Iterator[tuple[str, str, int, int]]:
    for line in stored.lines():
        yield _fields(_decoder.decode(line), line)
