from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.samples import sample_report


def test_report_json_has_the_fields_that_scripts_read() -> None:
    data = json.loads(sample_report().model_dump_json())
    assert data["version"] == 2
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


def test_reports_of_version_1_are_read_and_rendered() -> None:
    """A report of before groups were counted: its figures stay, and what it did not show is not said."""
    stored = (Path(__file__).parent / "stored" / "report-1.json").read_text("utf-8")
    assert '"no evidence of a difference"' in stored
    report = Report.model_validate_json(stored)
    assert (report.version, report.groups, report.choice, report.pairs) == (1, None, None, ())
    text = render_markdown(report)
    assert report.answer in " ".join(text.split())
    assert "cannot be told" in text
    assert "at least as good, within" not in text
    assert render_html(report)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report_view(report))
    assert "cannot be told" in console.export_text()


def test_the_fields_of_a_model_come_in_their_order() -> None:
    order = [
        "model", "accuracy", "interval", "per_label", "outcomes", "rows", "complete",
        "coverage", "answered_accuracy", "lenient_accuracy", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc",
        "majority_accuracy", "labels_without_rows", "confusion", "most_confused", "multi_label", "confidence", "free",
        "null_control",
    ]  # fmt: skip
    assert [name for name in ModelResult.model_fields if name in order] == order
