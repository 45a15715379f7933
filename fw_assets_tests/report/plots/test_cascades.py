"""Curves of cascades: one line and one name for each, the names below the axes and the model in use first."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from fw_assets.report.plots.axes import SIDE, TOP
from fw_assets.report.plots.cascades import cascade_curves
from fw_assets.report.schema.cascades import CascadePoint
from fw_assets_tests.report.cascades.test_free_alone import cascade
from fw_assets_tests.report.samples import sample_report

CURVE = (CascadePoint(asked=0.0, accuracy=0.7), CascadePoint(asked=1.0, accuracy=0.9))


def test_names_stand_below_the_axes_with_what_tells_them_apart_first() -> None:
    other = cascade(0.6, 0.4).model_copy(update={"curve": CURVE, "model": "other"})
    used = cascade(0.6, 0.4).model_copy(update={"curve": CURVE, "in_use": True})
    report = sample_report().model_copy(update={"cascades": (other, used)})
    drawing = ET.fromstring(cascade_curves(report))
    texts = {node.text or "": node for node in drawing.iter("{http://www.w3.org/2000/svg}text")}
    names = [text for text in texts if " after " in text]
    assert [name.split()[0] for name in names] == ["small", "other"]
    assert all(float(texts[name].get("y", 0)) > TOP + SIDE for name in names)
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
    width, height = map(float, drawing.get("viewBox", "").split()[2:])
    assert all(float(texts[name].get("y", 0)) < height for name in names)
    assert width < 860


def test_no_curve_is_no_drawing() -> None:
    assert cascade_curves(sample_report().model_copy(update={"cascades": (cascade(0.6, 0.4),)})) == ""
