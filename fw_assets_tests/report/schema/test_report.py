from __future__ import annotations

import json

from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.samples import sample_report


def test_report_json_has_the_fields_that_scripts_read() -> None:
    data = json.loads(sample_report().model_dump_json())
    assert data["version"] == 1
    assert {"dataset", "plan_digest", "rows", "labels", "candidates", "winner", "deployment", "cost"} <= data.keys()
    assert {"train", "validation", "test"} <= data["rows"].keys()
    first, last = data["candidates"][0], data["candidates"][-1]
    assert {"accuracy", "interval", "per_label", "outcomes"} <= first["base"].keys()
    assert {"accuracy", "interval", "per_label", "outcomes", "model"} <= first["tuned"].keys()
    assert {"accuracy", "support"} <= first["base"]["per_label"]["billing"].keys()
    assert isinstance(first["base"]["outcomes"]["correct"], int)
    assert len(first["base"]["interval"]) == 2
    assert {"gained", "lost", "p_value", "verdict"} <= first["comparison"].keys()
    assert last["tuned"] is None
    assert last["comparison"] is None
    assert {"model", "kind"} <= data["winner"].keys()
    assert {"id", "endpoint", "decision"} <= data["deployment"].keys()
    assert {"line", "estimated_usd", "actual_usd"} <= data["cost"]["lines"][0].keys()
    assert {"estimated_usd", "actual_usd"} <= data["cost"].keys()


def test_report_json_is_read_back_as_it_was_written() -> None:
    report = sample_report(30)
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_the_fields_of_a_model_come_in_their_order() -> None:
    order = [
        "model", "accuracy", "interval", "per_label", "outcomes", "rows", "complete",
        "coverage", "answered_accuracy", "lenient_accuracy", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc",
        "majority_accuracy", "labels_without_rows", "confusion", "most_confused", "multi_label", "confidence", "free",
        "null_control",
    ]  # fmt: skip
    assert [name for name in ModelResult.model_fields if name in order] == order
