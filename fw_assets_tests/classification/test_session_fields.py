"""Forms of session fields: every field has one, and a type without one is refused."""

from __future__ import annotations

import pytest
from pydantic.fields import FieldInfo

from fw_assets.classification.session import Session
from fw_assets.classification.session_fields import SESSION_FIELDS, session_field


def test_every_session_field_has_a_form() -> None:
    assert [field.name for field in SESSION_FIELDS] == list(Session.model_fields)
    assert all(field.help for field in SESSION_FIELDS)


def test_forms_follow_the_types() -> None:
    forms = {field.name: field for field in SESSION_FIELDS}
    assert (forms["learning_rates"].kind, forms["learning_rates"].repeatable) == (float, True)
    assert (forms["seed"].kind, forms["seed"].repeatable) == (int, False)
    assert forms["mode"].choices == ("fine-tune", "benchmark")
    assert forms["inference"].choices == ("serverless", "batch", "deployment", "decision")
    assert forms["full_data_run"].kind is bool
    assert forms["train_fraction"].help == (
        "Share of the rows that is not held out for testing. 0.001 to 0.999. Default: 0.8."
    )


@pytest.mark.parametrize("annotation", [dict[str, int], int | str, bytes, tuple[dict[str, str], ...]])
def test_a_type_that_has_no_form_is_refused(annotation: object) -> None:
    info = FieldInfo(annotation=annotation)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no option and no launchpad field can be made of costs"):
        session_field("costs", info)
