from __future__ import annotations

import pytest

from fw_assets.embedded.engine.label_names import humanise


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("card_arrival", "card arrival"),
        ("CardArrival", "card arrival"),
        ("DESC:manner", "desc manner"),
        ("lost-or/stolen", "lost or stolen"),
        ("HTTPError", "http error"),
        ("plain", "plain"),
        ("__", "__"),
    ],
)
def test_a_label_is_written_as_people_would(label: str, expected: str) -> None:
    assert humanise(label) == expected
