from __future__ import annotations

from fw_assets.embedded.jobs.training_rows import read_rows
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import Client, row


def test_a_row_counts_by_its_own_weight_unless_its_answer_has_none(client: Client, base: str) -> None:
    rows = [
        row("refund my invoice", "billing", weight=1),
        row("charged twice", "billing", weight=0.5),
        row("the app crashes", "technical", weight=3),
        row("crash on start", "technical", weight=2),
        row("left out", "technical", weight=0),
        row("left out by its answer", "billing", weight=1),
    ]
    rows[3]["messages"][-1]["weight"] = 1
    rows[5]["messages"][-1]["weight"] = 0
    client.dataset("train", rows)
    read = read_rows(EmbeddedPlatform(client.home), {"baseModel": base, "dataset": "accounts/local/datasets/train"})
    weights = [(each.weight, answer) for each in read.training for answer in getattr(each, "labels", ())]
    assert weights == [(1.0, "billing"), (0.5, "billing"), (3.0, "technical"), (2.0, "technical")]
    assert not any("left out" in each.text for each in read.training)
