from __future__ import annotations

from pathlib import Path

from fw_assets.pipeline.budget.prediction_account import PredictionAccount, prediction_ledger
from fw_assets.workspace.workspace import Workspace


def test_what_is_reserved_is_paid_or_given_back_once(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    account = PredictionAccount(store, "tickets")
    for _ in range(2):
        account.reserve("run-0", 2.0)
    account.reserve("run-9", 1.0)
    assert prediction_ledger(store, "tickets").reserved == 3.0
    for usd in (1.5, 99.0):
        account.pay("run-0", 1000, usd, "a.csv -> b.csv")
    account.release("run-9")
    account.release("run-9")
    account.reserve("run-0", 2.0)
    ledger = prediction_ledger(store, "tickets")
    assert (ledger.spent, ledger.reserved, len(ledger.entries)) == (1.5, 0.0, 1)
    account.pay("run-1", 10, None, "c.csv -> d.csv")
    assert prediction_ledger(store, "tickets").entries[-1].usd is None
