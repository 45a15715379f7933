from __future__ import annotations

import pytest

from fw_assets.report.confusion.axes import axes_of
from fw_assets.report.plots.heatmap import confusion_shares, heat_map, heat_picture
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report


def test_heat_maps_hold_the_counts_and_stay_small() -> None:
    report = sample_report(150, 4500)
    heat = heat_map(report.candidates[0], report.labels)
    assert heat is not None
    assert [view.name for view in heat.views] == ["base", "tuned", "change"]
    assert sum(cell[2] for cell in heat.data["cells"]) == 4500
    assert sum(cell[3] for cell in heat.data["cells"]) == 4500
    assert all(len(view.cells) < 60_000 for view in heat.views)
    assert not heat.views[0].numbers


def test_heat_maps_of_few_labels_carry_numbers() -> None:
    report = sample_report(4)
    heat = heat_map(report.candidates[0], report.labels)
    assert heat is not None
    assert sum(value for _, _, value, _ in heat.views[0].numbers) == 300


def test_shares_are_of_the_true_label() -> None:
    base = sample_report(4).candidates[0].base
    assert base is not None
    shares = confusion_shares(axes_of([base], tuple(base.per_label)).counts(base))
    for row in range(4):
        assert sum(share for (at, _), share in shares.items() if at == row) == pytest.approx(1)


def test_labels_are_escaped_in_the_picture() -> None:
    base = sample_report(labels=LABELS, texts=TEXTS).candidates[0].base
    assert base is not None
    picture = heat_picture(base)
    assert "<script" not in picture
    assert "&lt;script" in picture
