"""Request set: the distinct requests for some rows, which of them are unanswered or failed, and the predictions.

Rows pass by in batches and the state is in the response cache's database on disk, so that a million rows take no more
memory than ten thousand.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from fw_assets.classification.arms.two_stage import first_question
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.metrics.latency import Latency, latency
from fw_assets.classification.prompting.answer_parser import PREDICTIONS, PROBABILITIES, predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.decision import decided_anew, questions_text
from fw_assets.classification.prompting.distribution import DISTRIBUTION, most_probable_labels
from fw_assets.classification.prompting.label_probabilities import label_probabilities
from fw_assets.classification.prompting.prompt import Prompt, request, request_turns
from fw_assets.classification.values import digest
from fw_assets.fireworks import BadRequest, ChatCompletion, FireworksError
from fw_assets.pipeline.evaluation.response_cache import OtherAnswer, ResponseCache, StoredAnswer, decode_answer
from fw_assets.pipeline.values.evaluation import Usage
from fw_assets.workspace.batches import Batches

Judge = Callable[[str], LabelThresholds | None]
"""The thresholds for a row, by its id; None leaves its answer as it is."""
log = logging.getLogger("fw_assets.workspace")
_TEMPLATE_TOKENS = 1_024
"""For what a chat template adds; everything else in a prompt has at least one byte for each token."""


def request_key(prompt: Prompt, messages: str) -> str:
    """The cache key of a row's answer: the digest of its request's messages."""
    return digest(request_turns(prompt, messages), 24)


class RequestSet:
    """The distinct requests of `rows` to one model under one prompt.

    Attributes:
        total: number of requests.
        failed: how many have failed for good.
    """

    def __init__(self, prompt: Prompt, rows: Batches, cache: ResponseCache, *, whole: bool = False) -> None:
        """`whole`: answers are stored with the probabilities of all labels, in place of those that predictions keep."""
        self._whole = whole or prompt.multi_label
        self.failed = 0
        self._bad_request: str | None = None
        self._only_bad_requests = True
        self._prompt, self._rows, self._database = prompt, rows, cache.database
        self._round = cache.next_round()
        position = itertools.count()
        longest = 0
        for batch in rows:
            longest = max(longest, int(str(batch["messages"].str.len_bytes().max() or 0)))
            keyed = [(self._round, next(position), request_key(prompt, messages)) for messages in batch["messages"]]
            self._database.executemany("INSERT INTO row VALUES (?, ?, ?)", keyed)
            self._database.executemany("INSERT OR IGNORE INTO request (round, first, key) VALUES (?, ?, ?)", keyed)
        self.total: int = self._fetch("SELECT count(*) FROM request WHERE round = ?")[0]
        frame = len(json.dumps(request(prompt, "[]"), ensure_ascii=False).encode())
        if prompt.mode == "decision":
            frame += len(questions_text(prompt).encode()) + _TEMPLATE_TOKENS * len(prompt.labels)
        most = (longest + frame + _TEMPLATE_TOKENS, prompt.max_tokens)
        if prompt.stages:
            # The list of the tops may be longer than that of the labels, where each has one label below it.
            first = first_question(prompt)
            most = (2 * (most[0] + len((first.system or "").encode())), first.max_tokens + prompt.max_tokens)
        self._most_tokens = dict(zip(("prompt", "completion"), most, strict=True))
        self._bounded = set[str]()

    def stored_answer(
        self, key: str, completion: ChatCompletion, probabilities: Mapping[str, float] | None = None
    ) -> StoredAnswer:
        """A completion as the response cache stores it, with no more tokens than it can have had."""
        return StoredAnswer(
            key=key,
            text=completion.text,
            finish_reason=completion.finish_reason,
            refusal=completion.refusal,
            confidence=completion.confidence,
            prompt_tokens=self._possible_tokens("prompt", completion.prompt_tokens),
            completion_tokens=self._possible_tokens("completion", completion.completion_tokens),
            thinks=bool(completion.reasoning) or (completion.text or "").lstrip().startswith("<think"),
            probabilities=self._kept(probabilities or label_probabilities(self._prompt, completion.logprobs)),
            seconds=round(completion.latency, 6) or None,
            uncalibrated=self._other_answer(completion.uncalibrated),
        )

    def _kept(self, probabilities: Mapping[str, float] | None) -> dict[str, float] | None:
        if probabilities is None or self._whole:
            return None if probabilities is None else dict(probabilities)
        return dict(most_probable_labels(probabilities, len(self._prompt.labels)))

    def _other_answer(self, other: ChatCompletion | None) -> OtherAnswer | None:
        if other is None:
            return None
        probabilities = label_probabilities(self._prompt, other.logprobs)
        return OtherAnswer(other.text, other.finish_reason, other.confidence, probabilities)

    def _possible_tokens(self, kind: str, reported: int) -> int:
        most = self._most_tokens[kind]
        if reported <= most:
            return reported
        if kind not in self._bounded:
            self._bounded.add(kind)
            log.warning(
                "the platform reports more %s tokens than the request can have; they count as %s", kind, f"{most:,}"
            )
        return most

    @property
    def answered(self) -> int:
        """How many have an answer."""
        count: int = self._fetch("SELECT count(*) FROM request JOIN answer USING (key) WHERE round = ?")[0]
        return count

    @property
    def usage(self) -> Usage:
        """Requests and tokens of the answers."""
        requests, prompt_tokens, completion_tokens = self._fetch(
            "SELECT count(*), ifnull(sum(prompt_tokens), 0), ifnull(sum(completion_tokens), 0) "
            "FROM request JOIN answer USING (key) WHERE round = ?"
        )
        return Usage(requests=requests, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    @property
    def latency(self) -> Latency | None:
        """How long the answers took; None where none was timed."""
        return latency([answer.seconds for answer in self.answers() if answer.seconds is not None])

    @property
    def rejection(self) -> str | None:
        """The platform's message if it rejected every request as malformed (400), as where it lacks a feature."""
        return self._bad_request if self._only_bad_requests and not self.answered else None

    @property
    def error(self) -> str | None:
        """The message of one of the failed requests."""
        message: str | None = self._fetch("SELECT min(error) FROM request WHERE round = ?")[0]
        return message

    def answers(self) -> Iterator[StoredAnswer]:
        """The answers that there are, in no order of the rows."""
        query = "SELECT line FROM request JOIN answer USING (key) WHERE round = ?"
        for (line,) in self._database.execute(query, (self._round,)):
            yield decode_answer(line)

    def unanswered(self) -> Iterator[tuple[str, str]]:
        """The keys and messages that have no answer yet, each once, in the order of the rows."""
        start = 0
        for batch in self._rows:
            positions = self._database.execute(
                "SELECT position, key FROM row JOIN request USING (round, key) LEFT JOIN answer USING (key) "
                "WHERE round = ? AND position >= ? AND position < ? AND position = first AND line IS NULL "
                "ORDER BY position",
                (self._round, start, start + batch.height),
            ).fetchall()
            messages = batch["messages"]
            for position, key in positions:
                yield key, messages[position - start]
            start += batch.height

    def record_failure(self, key: str, error: FireworksError) -> None:
        """Note that a request failed for good; its rows are asked again in a later evaluation."""
        self.failed += 1
        if isinstance(error, BadRequest):
            self._bad_request = self._bad_request or str(error)
        else:
            self._only_bad_requests = False
        self._database.execute(
            "UPDATE request SET error = ? WHERE round = ? AND key = ?", (str(error), self._round, key)
        )

    def is_unanswered(self, key: str) -> bool:
        """Whether this is the key of one of the requests, and has no answer yet."""
        query = "SELECT count(*) FROM request LEFT JOIN answer USING (key) WHERE round = ? AND key = ? AND line IS NULL"
        return bool(self._fetch(query, key)[0])

    def unanswered_digest(self) -> str:
        """A digest of the requests that have no answer, whatever their order."""
        keys = self._database.execute(
            "SELECT key FROM request LEFT JOIN answer USING (key) WHERE round = ? AND line IS NULL ORDER BY key",
            (self._round,),
        )
        sha256 = hashlib.sha256()
        for (key,) in keys:
            sha256.update(key.encode())
        return sha256.hexdigest()

    @property
    def asked_both_ways(self) -> bool:
        """Whether every answer also says what it is without contextual calibration."""
        return all(answer.uncalibrated is not None for answer in self.answers())

    def prediction_batches(
        self, *, uncalibrated: bool = False, thresholds: Judge | None = None
    ) -> Iterator[pl.DataFrame]:
        """The predictions (schema PREDICTIONS) of all rows, in their order; all with PROBABILITIES, or none.

        Args:
            uncalibrated: of the answers without contextual calibration.
            thresholds: by which a row's decision about several labels is made anew.
        """
        empty = True
        # The word may also stand in an answer's text: then the column is there and empty.
        query = "SELECT count(*) FROM request JOIN answer USING (key) WHERE round = ? AND line LIKE '%probabilities%'"
        told = bool(self._fetch(query)[0])
        for batch, answers in self.answer_batches():
            completions = {
                row: Completion(error=answer)
                if isinstance(answer, str)
                else answer.completion(uncalibrated=uncalibrated)
                for row, answer in zip(batch["id"], answers, strict=True)
            }
            if thresholds is not None:
                completions = {row: self._judged(thresholds(row), answer) for row, answer in completions.items()}
            frame = predictions_frame(self._prompt, batch, completions)
            if told and PROBABILITIES not in frame.columns:
                frame = frame.with_columns(pl.lit(None, dtype=DISTRIBUTION).alias(PROBABILITIES))
            yield frame
            empty = False
        if empty:
            yield pl.DataFrame(schema=PREDICTIONS)

    def _judged(self, thresholds: LabelThresholds | None, answer: Completion) -> Completion:
        return answer if thresholds is None else decided_anew(self._prompt.with_thresholds(thresholds), answer)

    def answer_batches(self) -> Iterator[tuple[pl.DataFrame, list[StoredAnswer | str]]]:
        """The rows in their order, each with its answer, or the reason why there is none."""
        start = 0
        for batch in self._rows:
            answers = self._database.execute(
                "SELECT line, error FROM row JOIN request USING (round, key) LEFT JOIN answer USING (key) "
                "WHERE round = ? AND position >= ? AND position < ? ORDER BY position",
                (self._round, start, start + batch.height),
            ).fetchall()
            yield batch, [decode_answer(line) if line else error or "gave no answer" for line, error in answers]
            start += batch.height

    def _fetch(self, query: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(query, (self._round, *values)).fetchone()
        return row
