"""Log of the nights of a deployment: one line per date, and the answers of each date as predictions.

A line is written after its answers, once per date and acceptance, so that a night counts once however often it runs.
Lines of earlier versions hold counts alone. Their answers are still in the response cache, and are read from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.nightly_checks import NIGHT_COLUMNS, Night
from fw_assets.classification.values import digest
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.values.regression import NightRecord
from fw_assets.workspace.batches import Batches, write_batches
from fw_assets.workspace.checksums import ChecksumError, seal, unseal
from fw_assets.workspace.workspace import Workspace

LOG = "regression.jsonl"


@dataclass(frozen=True)
class NightLog:
    """The nights of one deployment as it was accepted.

    Attributes:
        address: the `model` field of its requests.
        rows: the test rows (SPLIT).
    """

    store: Workspace
    dataset: str
    deployment: str
    address: str
    prompt: Prompt
    rows: Batches

    @property
    def acceptance(self) -> str:
        """Digest of what was accepted; another one starts another sequence of nights."""
        ids = self.rows.columns("id")["id"].sort().to_list()
        return digest([self.deployment, self.address, self.prompt.digest, ids])

    def cache(self, date: str) -> ResponseCache:
        """The answers of a date, kept one by one."""
        return ResponseCache(self.store, self.dataset, self.address, [self.prompt.digest, "regression", date])

    def path(self, date: str) -> tuple[str, ...]:
        """Where the predictions of a date are."""
        return (self.dataset, "predictions", f"regression-{self.acceptance}-{date}.parquet")

    def add(self, record: NightRecord, predictions: Iterable[pl.DataFrame]) -> None:
        """Keep a night: its predictions, and then its line, unless it has one."""
        write_batches(self.store, predictions, *self.path(record.date))

        def next_line(lines: Sequence[str]) -> str | None:
            known = {(night.date, night.acceptance) for night in _records(lines, self)[0]}
            return None if (record.date, record.acceptance) in known else seal(record.model_dump_json())

        self.store.log(self.dataset, LOG).append_if(next_line)

    def records(self) -> tuple[list[NightRecord], list[str]]:
        """The nights in the order in which they were asked, and a sentence for each line that is left out."""
        return _records(self.store.lines(self.dataset, LOG), self)

    def answers(self, record: NightRecord) -> Night | None:
        """The answers of a night, made again from the response cache where their file is missing; None: not kept."""
        path = self.path(record.date)
        try:
            frame = self.store.scan_frame(*path).select(NIGHT_COLUMNS).collect()
        except FileNotFoundError:
            kept = RequestSet(self.prompt, self.rows, self.cache(record.date))
            if kept.answered < kept.total:
                return None
            write_batches(self.store, kept.prediction_batches(), *path)
            frame = self.store.scan_frame(*path).select(NIGHT_COLUMNS).collect()
        return Night(record.date, frame)


def _records(lines: Iterable[str], log: NightLog) -> tuple[list[NightRecord], list[str]]:
    acceptance, nights, notes = log.acceptance, dict[str, NightRecord](), []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(unseal(line))
            record = (
                NightRecord(date=fields["date"], acceptance=acceptance, deployment=fields["deployment"], rows=0)
                if "comparison" in fields
                else NightRecord.model_validate(fields)
            )
        except (ValueError, KeyError, TypeError, ChecksumError):
            notes.append(f"line {number} of {LOG} is damaged: its night is left out.")
            continue
        if record.deployment == log.deployment and record.acceptance == acceptance:
            nights.setdefault(record.date, record)
    return list(nights.values()), notes
