"""Ledger of looks: which plans of the workspace have shown figures of which test rows. It is only ever added to."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import msgspec
from pydantic import TypeAdapter, ValidationError

from fw_assets.classification.values import canonical_json
from fw_assets.pipeline.reporting.shown_rows import ShownRows, shown_rows
from fw_assets.report.schema.looks import Look, Looks
from fw_assets.workspace.workspace import Workspace

LOG = ".looks.jsonl"
"""In the workspace's folder. Each line is a list of looks, the first of what earlier versions had reported."""

log = logging.getLogger("fw_assets.workspace")
_LINE: TypeAdapter[tuple[Look, ...]] = TypeAdapter(tuple[Look, ...])


class _Run(msgspec.Struct):
    finished_at: str | None = None
    started_at: str | None = None


class _StoredReport(msgspec.Struct):
    dataset: str
    plan_digest: str
    run: _Run
    digests: dict[str, str] = {}


def record_look(store: Workspace, look: Look) -> Looks:
    """Add a look unless its plan has looked at these rows already; its place among all looks at any of them."""
    ledger = store.log(LOG)
    ledger.append_if(lambda lines: None if lines else canonical_json(_reported(store)))

    def own_line(lines: Sequence[str]) -> str | None:
        known = _looks(lines)
        return (
            None if any(_same(look, item) and item.extra_reads >= look.extra_reads for item in known) else _text(look)
        )

    ledger.append_if(own_line)
    return _place(store, look, _looks(ledger.lines()))


def dataset_plans(store: Workspace, dataset: str) -> set[str]:
    """The plans of a dataset that have shown figures of any test rows."""
    return {look.plan for look in _looks(store.log(LOG).lines()) if look.dataset == dataset}


def _looks(lines: Iterable[str]) -> list[Look]:
    looks: list[Look] = []
    for line in lines:
        try:
            looks += _LINE.validate_json(line)
        except ValidationError:
            log.warning("%s has a damaged line: the looks on it are not counted", LOG)
    return looks


def _place(store: Workspace, look: Look, ledger: Iterable[Look]) -> Looks:
    """The place of a look among those at any of its rows, by their texts, and where these are unknown by the digest."""
    own = shown_rows(store, look)
    known: dict[str, ShownRows | None] = {look.test_digest: own}
    looks: dict[str, Look] = {}
    for item in ledger:
        if own is not None and known.get(item.test_digest) is None and item.test_digest != look.test_digest:
            known[item.test_digest] = shown_rows(store, item)
        others = known.get(item.test_digest)
        shared = None
        if item.test_digest != look.test_digest:
            shared = own.shared(others) if own is not None and others is not None else 0
        if shared == 0:
            continue
        first = looks.setdefault(item.plan, item.model_copy(update={"shared": _unless_all(shared, own)}))
        most = max(first.extra_reads, item.extra_reads)
        looks[item.plan] = first.model_copy(update={"extra_reads": most})
    number = list(looks).index(look.plan) + 1
    earlier = tuple(looks.values())[: number - 1]
    if own is None or not earlier:
        return Looks(number=number, earlier=earlier)
    seen = [rows for digest in {item.test_digest for item in earlier} if (rows := known[digest]) is not None]
    return Looks(number=number, earlier=earlier, seen=own.shared(*seen))


def _unless_all(shared: int | None, own: ShownRows | None) -> int | None:
    return None if own is not None and shared == own.rows else shared


def _reported(store: Workspace) -> list[Look]:
    """Looks of the reports that are stored, in the order in which they were written."""
    looks = []
    for dataset in store.datasets():
        try:
            report = msgspec.json.decode(store.read_bytes(dataset, "report.json") or b"", type=_StoredReport)
        except (msgspec.DecodeError, IsADirectoryError):
            continue
        digest = report.digests.get("test rows")
        if digest:
            at = report.run.finished_at or report.run.started_at or ""
            looks.append(Look(test_digest=digest, plan=report.plan_digest, dataset=report.dataset, at=at))
    return sorted(looks, key=lambda look: look.at)


def _same(one: Look, other: Look) -> bool:
    return (one.test_digest, one.plan) == (other.test_digest, other.plan)


def _text(look: Look) -> str:
    return canonical_json([look])
