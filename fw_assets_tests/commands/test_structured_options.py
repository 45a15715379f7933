"""Options whose value is a mapping, written as YAML."""

from __future__ import annotations

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session_fields import SESSION_FIELDS
from fw_assets.commands.session_options import session_values


def values(**given: str) -> dict[str, object]:
    arguments: dict[str, object] = {field.name: None for field in SESSION_FIELDS}
    return session_values({**arguments, "session_file": None, "benchmark_only": False, **given})


def test_a_mapping_is_read_as_yaml_and_as_json() -> None:
    wanted = {"gate": {"rule": "non-inferiority", "label_loss": 0.05}}
    assert values(gate="{rule: non-inferiority, label_loss: 0.05}") == wanted
    assert values(gate='{"rule": "non-inferiority", "label_loss": 0.05}') == wanted


@pytest.mark.parametrize("text", ["{rule: ", "{rule: a, rule: b}"])
def test_what_is_no_yaml_is_an_error_that_names_the_option(text: str) -> None:
    with pytest.raises(InputError) as raised:
        values(gate=text)
    assert str(raised.value).startswith("gate")
