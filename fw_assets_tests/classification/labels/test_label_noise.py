"""Rows whose label is doubted: planted wrong labels come first, and no test label is learnt from."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import polars as pl
import pytest

from fw_assets.classification.labels import label_noise
from fw_assets.classification.labels.label_noise import MIN_GROUPS, LabelSuspects, find_suspects, suspects_csv

TOPICS = {
    "billing": "invoice charge refund payment receipt card",
    "delivery": "parcel courier late address tracking shipment",
    "account": "password login email profile username verify",
}


def frame(rows: int = 240, *, wrong: int = 12, multi: bool = False, seed: int = 0) -> tuple[pl.DataFrame, set[str]]:
    chance = np.random.default_rng(seed)
    names = list(TOPICS)
    table, planted = [], set()
    for index in range(rows):
        about = names[index % 3]
        text = " ".join(chance.choice(TOPICS[about].split(), 5))
        labels = [about]
        if index < wrong:
            labels = [names[(index + 1) % 3]]
            planted.add(f"train:{index}")
        elif multi and index % 4 == 0:
            other = names[(index + 1) % 3]
            text += " " + " ".join(chance.choice(TOPICS[other].split(), 5))
            labels = sorted([about, other])
        table.append(
            {
                "id": f"train:{index}",
                "messages": json.dumps([{"role": "user", "content": text}]),
                "labels": labels,
                "group": index,
                "split": "test" if index % 5 == 4 else "train",
                "digest": f"{index * 2654435761 % 2**64:016x}",
            }
        )
    return pl.DataFrame(table), planted


def test_planted_wrong_labels_come_first_on_both_sides() -> None:
    rows, planted = frame()
    suspects = find_suspects(rows, 42)
    for side in ("train", "test"):
        listed = [item for item in suspects.suspects if item.part == side]
        own = {item for item in planted if rows.filter(pl.col("id") == item)["split"][0] == side}
        assert {item.id for item in listed[: len(own)]} == own
        assert [item.rank for item in listed] == list(range(1, len(listed) + 1))
        assert all(item.margin < 0 and item.suggested not in item.labels for item in listed)
    assert suspects.judged == rows.height
    assert (suspects.doubted_train, suspects.doubted_test) == (
        sum(item.part == "train" for item in suspects.suspects),
        sum(item.part == "test" for item in suspects.suspects),
    )


def test_several_labels_are_judged_by_the_least_believed() -> None:
    rows, planted = frame(multi=True)
    suspects = find_suspects(rows, 42)
    assert planted <= {item.id for item in suspects.suspects}


def test_test_labels_teach_nothing() -> None:
    rows, _ = frame()
    shuffled = rows.with_columns(
        pl.when(pl.col("split") == "test").then(pl.lit(["billing"])).otherwise("labels").alias("labels")
    )
    one, other = (find_suspects(item, 42) for item in (rows, shuffled))
    assert [s for s in one.suspects if s.part == "train"] == [s for s in other.suspects if s.part == "train"]


def test_a_label_of_few_rows_is_not_held_against_them() -> None:
    rows, _ = frame(wrong=0)
    rare = pl.col("id").is_in([f"train:{3 * index}" for index in range(1, MIN_GROUPS)])
    rows = rows.with_columns(pl.when(rare).then(pl.lit(["unheard of"])).otherwise("labels").alias("labels"))
    suspects = find_suspects(rows, 42)
    assert suspects.not_judged == MIN_GROUPS - 1
    assert not any("unheard of" in item.labels for item in suspects.suspects)


def test_nothing_to_judge() -> None:
    rows, _ = frame(6)
    assert find_suspects(rows, 1).suspects == ()
    words = (pl.lit('[{"role":"user","content":"w') + pl.col("group").cast(pl.String) + pl.lit('"}]')).alias("messages")
    assert find_suspects(frame(60, wrong=0)[0].with_columns(words), 1).suspects == ()


def test_the_csv_runs_no_formula() -> None:
    rows, _ = frame()
    rows = rows.with_columns(pl.col("messages").str.replace('"content": "', '"content": "=cmd() '))
    table = listed(find_suspects(rows, 42), test=False)
    assert table
    assert all(row["text"].startswith("'=cmd()") for row in table)


@pytest.mark.parametrize("hidden", ["\x1b]0;pwn\x07", "\u202e", "\x9b31m", "\u200b", "\u2066", "\x00"])
def test_the_csv_drives_no_terminal(hidden: str) -> None:
    rows, _ = frame()
    written = json.dumps(f"{hidden}=cmd() ")[1:-1]
    rows = rows.with_columns(pl.col("messages").str.replace('"content": "', f'"content": "{written}', literal=True))
    table = listed(find_suspects(rows, 42), test=False)
    assert table
    assert all(row["text"].startswith("\ufffd") and hidden[0] not in row["text"] for row in table)


def test_training_and_test_rows_are_exported_apart() -> None:
    suspects = find_suspects(frame()[0], 42)
    train, test = listed(suspects, test=False), listed(suspects, test=True)
    assert [row["id"] for row in (*train, *test)] == [item.id for item in suspects.suspects]
    assert {row["part"] for row in test} == {"test"}
    assert {row["part"] for row in train} == {"train"}
    assert [row["rank"] for row in test] == [str(place) for place in range(1, len(test) + 1)]


def listed(found: LabelSuspects, *, test: bool) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(suspects_csv(found, test=test))))


def test_beyond_the_most_rows_as_many_are_judged_of_a_lazy_frame_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = frame()[0]
    monkeypatch.setattr(label_noise, "MAX_ROWS", rows.height // 2)
    eager, lazy = find_suspects(rows, 42), find_suspects(rows.lazy(), 42)
    assert lazy == eager
    assert (lazy.judged, lazy.not_judged) == (rows.height // 2, rows.height - rows.height // 2)
