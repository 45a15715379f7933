from __future__ import annotations

from xml.etree import ElementTree

import pytest

from fw_assets.report.plots import charts, heatmap
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import report

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("labels", [None, LABELS])
def test_every_chart_is_well_formed(labels: tuple[str, ...] | None) -> None:
    made = report(labels=labels)
    first = made.candidates[0]
    for chart in (charts.accuracy_bars(made), charts.label_change(first), charts.sweep_curves(first.sweep)):
        assert ElementTree.fromstring(charts.standalone(chart)).tag == f"{SVG}svg"


def test_bars_name_every_model_with_its_figure() -> None:
    made = report()
    shown = texts(charts.accuracy_bars(made))
    first = made.candidates[0]
    assert first.base is not None
    assert first.tuned is not None
    assert {"minilm-ngram", "minilm-l6-v2", "char-ngram"} <= set(shown)
    assert f"{100 * first.base.accuracy:.1f}%" in shown
    assert f"{100 * first.tuned.accuracy:.1f}%" in shown
    assert any("always the most frequent label" in text for text in shown)


def test_label_changes_run_from_the_largest_loss_to_the_largest_gain() -> None:
    candidate = report(77, 3080).candidates[0]
    assert candidate.tuned is not None
    shown = [text for text in texts(charts.label_change(candidate, most=30)) if text[:1] in "+−0" and "%" not in text]
    changes = [float(text.replace("−", "-")) for text in shown]
    assert len(changes) == 30
    assert changes == sorted(changes)


def test_a_model_that_was_not_tuned_has_no_change_and_no_curve() -> None:
    last = report().candidates[-1]
    assert charts.label_change(last) == ""
    assert charts.sweep_curves(last.sweep) == ""


def test_heat_maps_hold_the_counts_and_stay_small() -> None:
    made = report(150, 4500)
    heat = heatmap.heat_map(made.candidates[0], made.labels)
    assert heat is not None
    assert [view.name for view in heat.views] == ["base", "tuned", "change"]
    assert sum(cell[2] for cell in heat.data["cells"]) == 4500
    assert sum(cell[3] for cell in heat.data["cells"]) == 4500
    assert all(len(view.cells) < 60_000 for view in heat.views)
    assert not heat.views[0].numbers


def test_heat_maps_of_few_labels_carry_numbers() -> None:
    made = report(4)
    heat = heatmap.heat_map(made.candidates[0], made.labels)
    assert heat is not None
    assert sum(value for _, _, value, _ in heat.views[0].numbers) == 300


def test_shares_are_of_the_true_label() -> None:
    base = report(4).candidates[0].base
    assert base is not None
    shares = charts.confusion_shares(base, tuple(base.per_label))
    for row in range(4):
        assert sum(share for (at, _), share in shares.items() if at == row) == pytest.approx(1)


def test_texts_from_the_data_are_not_in_charts_unescaped() -> None:
    made = report(labels=LABELS, texts=TEXTS)
    assert "<script" not in charts.label_change(made.candidates[0])
