"""Files that steps write beside their values, without content: a step is due or not by their being there."""

from __future__ import annotations

from fw_assets.classification.cost.ledger import LedgerEntry
from fw_assets.pipeline.budget.ledger_log import payment_line
from fw_assets.workspace.dataset_rows import split_rows_path
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace


def add_rows(store: Workspace, dataset: str) -> None:
    store.write_bytes(b"PAR1PAR1", *split_rows_path(dataset))


def add_predictions(store: Workspace, dataset: str, slug: str, kind: str) -> None:
    for part in PARTS:
        store.write_bytes(b"PAR1PAR1", *prediction_path(dataset, slug, kind, part))


def add_payments(store: Workspace, dataset: str, plan_digest: str, *keys: str) -> None:
    for key in keys:
        entry = LedgerEntry(key=key, id=f"id of {key}", quantity=1, unit="tokens", usd=0.0, at="1")
        store.append_line(payment_line(entry), dataset, "ledger", f"{plan_digest}.jsonl")
