"""Response cache: paid answers, stored one by one so that no request is sent twice.

One growing collection per (served model, prompt, decoding parameters), one line per answer. Errors are not stored, so
a failed request is sent again. On a disk each answer is stored before the next request is sent; behind a URL they are
stored in blocks (`workspace.object_log`), and those in the last block of a process that dies are asked for again.

Look-ups go to a temporary SQLite database that is filled from the collection when it is opened, so that memory does
not grow with the answers.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator

import msgspec

from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.values import digest
from fw_assets.workspace.append_log import Collection
from fw_assets.workspace.checksums import ChecksumError, seal, unseal
from fw_assets.workspace.workspace import Workspace

_CACHE_KIB = 4096
log = logging.getLogger("fw_assets.workspace")


class OtherAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model answers without contextual calibration, where both ways were asked for."""

    text: str | None
    finish_reason: str | None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None


class StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer; `key` is the digest of the request's messages, `thinks` whether reasoning came with the text.

    `probabilities` are those of the labels, where they were asked for and the platform gives them. `by`: the free model
    that gave it in place of the one that is asked, which is never stored. `seconds`: how long it took, with every
    attempt; None of batch jobs, and of answers that an earlier version stored.
    """

    key: str
    text: str | None
    finish_reason: str | None
    refusal: str | None = None
    confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thinks: bool = False
    probabilities: dict[str, float] | None = None
    by: str = ""
    seconds: float | None = None
    uncalibrated: OtherAnswer | None = None

    def completion(self, *, uncalibrated: bool = False) -> Completion:
        """The answer as the domain reads it; the one `uncalibrated`, where there is one."""
        answer = self.uncalibrated if uncalibrated and self.uncalibrated is not None else self
        return Completion(
            text=answer.text,
            finish_reason=answer.finish_reason,
            refusal=self.refusal,
            confidence=answer.confidence,
            probabilities=answer.probabilities,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )


_decoder = msgspec.json.Decoder(StoredAnswer)
_encoder = msgspec.json.Encoder()


class ResponseCache:
    """The answers of one served model to one prompt.

    Attributes:
        database: tables `answer`, and `row` and `request` for request sets, which each use a round of their own.
    """

    def __init__(self, workspace: Workspace, dataset: str, served_model: str, decoding: object) -> None:
        path = (dataset, "answers", f"{digest([served_model, decoding], 16)}.jsonl")
        self._collection = workspace.collection(*path)
        self.database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.executescript(_TABLES)
        # One transaction until the end: a database that is deleted with its connection has nothing to commit.
        self.database.execute("BEGIN")
        self.database.executemany(_INSERT, _stored_rows(self._collection, workspace.url(*path)))
        self._rounds = 0

    def __len__(self) -> int:
        count: int = self.database.execute("SELECT count(*) FROM answer").fetchone()[0]
        return count

    def next_round(self) -> int:
        """A number for the rows and requests of one request set."""
        self._rounds += 1
        return self._rounds

    def answers(self) -> Iterator[StoredAnswer]:
        """All answers, in no order."""
        for (line,) in self.database.execute("SELECT line FROM answer"):
            yield decode_answer(line)

    def tokens(self) -> tuple[int, int]:
        """Tokens of the prompts and of the completions of all answers."""
        query = "SELECT COALESCE(SUM(prompt_tokens), 0), COALESCE(SUM(completion_tokens), 0) FROM answer"
        prompts, completions = self.database.execute(query).fetchone()
        return prompts, completions

    def add(self, answer: StoredAnswer) -> None:
        """Add an answer; it is stored when `flush` returns, and on a disk when this returns."""
        line = seal(_encoder.encode(answer).decode())
        self._collection.append(line)
        self.database.execute(_INSERT, _row(answer, line))

    def flush(self) -> None:
        """Store every answer."""
        self._collection.flush()


_TABLES = """
CREATE TABLE answer (key TEXT PRIMARY KEY, line TEXT, prompt_tokens INT, completion_tokens INT) WITHOUT ROWID;
CREATE TABLE row (round INT, position INT, key TEXT, PRIMARY KEY (round, position)) WITHOUT ROWID;
-- `first`: the position of the first of several equal rows, which is the one that is sent.
CREATE TABLE request (round INT, key TEXT, first INT, error TEXT, PRIMARY KEY (round, key)) WITHOUT ROWID;
"""
_INSERT = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)"


def decode_answer(line: str) -> StoredAnswer:
    """The answer in a line of the collection."""
    return _decoder.decode(line)


def _row(answer: StoredAnswer, line: str) -> tuple[str, str, int, int]:
    return answer.key, line, answer.prompt_tokens, answer.completion_tokens


def _stored_rows(collection: Collection, url: str) -> Iterator[tuple[str, str, int, int]]:
    """The rows of the stored answers; those that are damaged are left out, and asked for again."""
    damaged = 0
    for line in collection.lines():
        try:
            answer = _decoder.decode(unseal(line))
        except (msgspec.DecodeError, ChecksumError):
            damaged += 1
            continue
        yield _row(answer, line)
    if damaged:
        log.warning("%s: %d damaged lines are left out; the rows that they answered are asked again", url, damaged)
