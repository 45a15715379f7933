"""Datasets as users bring them, through the command line to what the UI shows."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest

from fw_assets.classification.labels.inspection import inspect_dataset
from fw_assets.pipeline.registration.verification import REGISTER_AGAIN
from fw_assets_tests.classification.frames import Pair, write_chat
from fw_assets_tests.project import Project

Rows = list[dict[str, Any]]
WORDS = ["card", "invoice", "order", "router", "refund", "speed", "login", "quote", "price", "error"]


def texts(count: int, about: str) -> list[str]:
    # Letters of each text's own: texts with one word that differs, or one number, would be variants of each other.
    chance = random.Random(about)
    codes = ["".join(chance.choices(string.ascii_lowercase, k=12)) for _ in range(count)]
    return [f"{about} {WORDS[i % 10]} {code[:6]} {code[6:]} {WORDS[i // 10 % 10]}" for i, code in enumerate(codes)]


def test_a_file_that_changes_under_the_inspection_is_one_clear_error(
    project: Project, watched: None, monkeypatch: pytest.MonkeyPatch
) -> None:

    def edited(*arguments: Any) -> Any:
        with project.data.open("ab") as file:
            file.write(project.data.read_bytes().splitlines(keepends=True)[0])
        return inspect_dataset(*arguments)

    monkeypatch.setattr("fw_assets.pipeline.assets.inspected_dataset.inspect_dataset", edited)
    done = project.run("plan", str(project.data), "--model", "char-ngram")
    assert done.returncode == 2
    assert f"{project.data}: changed while it was being read" in done.stderr
    assert REGISTER_AGAIN in done.stderr.replace("\n", " ")


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A planned dataset with something for every check to say."""
    project = Project(tmp_path_factory.mktemp("messy"), rows=1)
    train: list[Pair] = [
        *((text, "billing") for text in texts(120, "paid")),
        *((text, "Billing ") for text in texts(3, "bill")),
        *((text, "sales") for text in texts(60, "offer")),
        *((text, "refund") for text in texts(2, "back")),
        ("is it raining?", "weather"),
        ("will it snow?", "weather"),
        ("paid twice, same text", "billing"),
        ("Paid twice - same text!", "sales"),
        ("seen in both files", "billing"),
    ]
    evaluation: list[Pair] = [
        ("Seen in both files.", "billing"),
        *((text, "billing") for text in texts(15, "charged")),
        *((text, "sales") for text in texts(12, "discount")),
    ]
    write_chat(project.data, train)
    with project.data.open("a") as file:
        file.write('{"messages": [{"role": "user"\n{"prompt": "a", "completion": "b"}\n')
    write_chat(project.folder / "eval.jsonl", evaluation)
    labels = ("--label", "billing", "--label", "sales", "--label", "refund", "--label", "fraud")
    asked = ("--eval-dataset", str(project.folder / "eval.jsonl"), "--imbalance-threshold", "20")
    done = project.run("plan", str(project.data), *asked, *labels, "--model", "char-ngram", "--bad-rows", "quarantine")
    assert done.returncode == 0, done.stderr
    return project


def test_every_unusable_row_is_written_with_its_place_and_reason(messy: Project) -> None:
    text = (messy.workspace / "tickets" / "rejected_rows.jsonl").read_text("utf-8")
    rejected = [json.loads(line) for line in text.splitlines()]
    found = [(row["line"], row["problems"][0]["kind"], row["problems"][0]["field"]) for row in rejected]
    assert found == [
        (191, "cut-off", None),
        (192, "missing-messages", "messages"),
        (186, "unknown-label", "messages[1].content"),
        (187, "unknown-label", "messages[1].content"),
    ]
    assert "found the label 'weather', expected one of billing, sales, refund, fraud" in str(rejected[2])
    assert rejected[2]["text"] == "is it raining?"
    assert {row["file"] for row in rejected} == {str(messy.data)}


def test_the_number_of_unusable_rows_is_shown_everywhere(messy: Project) -> None:
    plan = (messy.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert (
        "4 rows could not be used and are left out (cut-off: 1, missing-messages: 1, unknown-label: 2); each is in"
        in plan
    )
    assert "1 row left out for repeating a test row; 4 rows left out as unusable." in plan
    assert metadata(messy, "plan")["rejected_rows"] == 4
    assert metadata(messy, "label_set")["rejected_rows"] == 4
    assert metadata(messy, "inspected_dataset")["rejected_rows"] == 2


def test_the_same_data_without_bad_rows_leaves_no_list_of_them_behind(messy: Project) -> None:
    store = messy.workspace / "tickets" / "rejected_rows.jsonl"
    assert store.stat().st_size > 0
    lines = messy.data.read_text("utf-8").splitlines(keepends=True)
    messy.data.write_text("".join(line for line in lines[:190] if "weather" not in line), "utf-8")
    again = ("plan", str(messy.data), "--model", "char-ngram", "--imbalance-threshold", "100")
    assert messy.run(*again).returncode == 0
    assert store.read_text("utf-8") == ""
    refused = messy.approve("--mitigation", "weight")
    assert refused.returncode == 2
    assert (
        "weight is not in the plan: the ratio of 62.5 is within the threshold of 100. Ask for it in" in refused.stderr
    )
    assert not (messy.workspace / "tickets" / "approvals.jsonl").exists()


def metadata(project: Project, asset: str) -> dict[str, Any]:
    """What the UI shows of the first materialization of an asset."""
    with dg.DagsterInstance.from_config(str(project.workspace / ".dagster")) as instance:
        records = instance.fetch_materializations(dg.AssetKey(asset), limit=10, ascending=True).records
        materialization = records[0].asset_materialization
        assert materialization is not None
        return {key: plain(value) for key, value in materialization.metadata.items()}


def plain(value: dg.MetadataValue[Any]) -> Any:
    return [dict(record.data) for record in value.records] if isinstance(value, dg.TableMetadataValue) else value.value


def check(project: Project, asset: str, name: str) -> dg.AssetCheckEvaluation:
    with dg.DagsterInstance.from_config(str(project.workspace / ".dagster")) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(asset), name)
        records: Sequence[Any] = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        evaluation = records[-1].event.dagster_event.asset_check_evaluation_data
        assert isinstance(evaluation, dg.AssetCheckEvaluation)
        return evaluation


def rows_of(evaluation: dg.AssetCheckEvaluation, key: str) -> Rows:
    found: Rows = plain(evaluation.metadata[key])
    return found


def test_the_ui_shows_counts_histograms_and_the_worst_problems(messy: Project) -> None:
    shown = metadata(messy, "label_set")
    assert f"| `billing` | {120 + 3 + 1 + 16} | " in shown["all_labels"]
    assert "| label | rows | train | validation | test |" in shown["all_labels"]
    histogram = shown["rarest_labels"]
    assert [row["label"] for row in histogram] == ["fraud", "refund", "sales", "billing"], "the rarest first"
    assert histogram[-1]["rows"] == 120 + 3 + 1 + 16
    bars = [next(value for value in row.values() if set(str(value)) <= {"█"}) for row in histogram]
    assert [len(bar) for bar in bars] == sorted(len(bar) for bar in bars)
    assert bars[0] == ""
    assert 1 <= len(shown["findings"]) <= 10
    assert any("Labels outside the set: 'weather' (2)" in row["finding"] for row in shown["findings"])

    pairs = {row["rows"]: row["kind"] for row in shown["alike"]}
    assert pairs["train:188 train:189"].startswith("normalised")

    inspected = metadata(messy, "inspected_dataset")
    assert sum(row["rows"] for row in inspected["lengths"]) == inspected["rows"] == 190 + 28
    assert {row["kind"]: row["lines"] for row in inspected["worst_problems"]} == {"cut-off": 1, "missing-messages": 1}


@pytest.mark.parametrize(
    ("asset", "name", "table", "said", "row"),
    [
        ("inspected_dataset", "schema", "rejected", "the line is cut off after", "191"),
        ("label_set", "labels_known", "findings", "a label is not in the label set", "train:186, train:187"),
        ("label_set", "labels_known", "findings", "Labels that no row has: fraud", ""),
        ("label_set", "labels_known", "findings", "'Billing' as 'billing'", "train:121, train:122, train:123"),
        ("label_set", "imbalance", "findings", "above the threshold of 20", "train:184, train:185"),
        ("label_set", "overlap", "findings", "1 training row was taken out", "train:190"),
        ("label_set", "overlap", "findings", "1 text occurs with different labels", "train:188, train:189"),
        ("label_set", "rare_labels", "findings", "refund (0 test rows", "train:184, train:185"),
    ],
)
def test_every_check_has_its_rows_in_the_metadata(
    messy: Project, asset: str, name: str, table: str, said: str, row: str
) -> None:
    found = check(messy, asset, name)
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert any(said in str(item) and row in str(item) for item in rows_of(found, table)), rows_of(found, table)
