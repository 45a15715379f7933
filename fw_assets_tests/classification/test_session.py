from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import LATER_FIELDS, Session
from fw_assets.classification.session_input import load_session, make_session


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lora_rank": 8}, "lora_rank: is not a session field; did you mean lora_ranks?"),
        ({"model": "x"}, "model: is not a session field; did you mean models?"),
        ({"Models": "x"}, "Models: is not a session field; did you mean models?"),
        ({"label column": "x"}, "label column: is not a session field; did you mean label_column?"),
        ({"template": "x"}, "template: is not a session field; did you mean text_template?"),
        ({"max_usd": 2}, "max_usd: is not a session field; did you mean max_spend_usd?"),
        ({"frobnicate": 2}, "frobnicate: is not a session field; `fw-assets run --help` lists them as options"),
        ({"gate": {"rows": 1}}, "gate.rows: is not a field of gate; did you mean label_rows?"),
        ({"gate": {"label_los": 0.1}}, "gate.label_los: is not a field of gate; did you mean label_loss?"),
        ({"lora_ranks": [8, 12]}, "lora_ranks: 12 is not a power of two from 1 to 256"),
        ({"learning_rates": 2}, "learning_rates.0: Input should be less than or equal to 1 (found 2)"),
        ({"models": ["a", " a "]}, "models: named twice: a"),
        ({"models": ["a", " "]}, "models: an entry is empty"),
        ({"labels": ["only"]}, "labels: Tuple should have at least 2 items after validation, not 1 (found ['only'])"),
        (
            {"labels": [True, False]},
            "labels: an unquoted yes, no, on, off, true, false, null, number or date is no text",
        ),
        ({"labels": [1, 2, 3]}, "write labels in quotes, e.g. labels: ['1', '2', '3']"),
        ({"labels": [None, "some"]}, "write labels in quotes, e.g. labels: ['null']"),
        ({"traffic": 0}, "traffic: Input should be greater than or equal to 1 (found 0)"),
        ({"slices": ["length", "length"]}, "slices: named twice: length"),
        ({"fields": ["a", "b:text", "b"]}, "fields: named twice: b"),
        ({"fields": ["a"]}, "fields: name two fields at least; for a alone use `extraction: json_key:a`"),
        ({"fields": ["a:text", "b"]}, "fields: the first field is the label, so a cannot be free text"),
        ({"fields": ["*", "b"]}, "fields: * stands for all fields, so no other can be named beside it"),
        ({"fields": ["a", "b"], "costs": {"x": {"y": 2}}}, "costs: costs are those of one label given in place of"),
        ({"slices": ["length", ""]}, "slices.1: String should have at least 1 character (found '')"),
        ({"gate": {"label_loss": 2}}, "gate.label_loss: Input should be less than or equal to 1 (found 2)"),
        ({"gate": {"margin": 0.1}}, "gate.margin: is a field of the session itself, not of gate"),
        (
            {"gate": {"power": 1}},
            "gate.power: is not a field of gate; the fields are rule, label_loss, label_rows, alpha",
        ),
        (
            {"gate": {"rule": "better"}},
            "gate.rule: Input should be 'superiority' or 'non-inferiority' (found 'better')",
        ),
        ({"gate": "always"}, "gate: expected `name: value` pairs (found 'always')"),
        ({"costs": {"spam": {"ham": -1}}}, "costs: spam given ham: expected a cost of 0 to 1,000, found -1"),
        ({"costs": {"spam": {"ham": True}}}, "costs: spam given ham: expected a cost of 0 to 1,000, found True"),
        ({"costs": {"spam": {"ham": 0.125}}}, "costs: spam given ham: 0.125 has more than 2 decimals"),
        ({"costs": {"spam": {"spam": 0}}}, "costs: spam: a right answer costs nothing, so it has no cost of its own"),
        (
            {"costs": {"spam": 5}},
            "costs: spam: expected given labels with their costs, e.g. `spam: {another label: 5}`",
        ),
        ({"costs": {True: {"no": 5}}}, "costs: the label True has to be quoted"),
        ({"costs": {"yes": {False: 5}}}, "costs: yes: the label False has to be quoted"),
        ({"costs": {}}, "costs: Dictionary should have at least 1 item"),
        ({"costs": 5}, "costs: expected `name: value` pairs (found 5)"),
        ({"train_fraction": 1.5}, "train_fraction: Input should be less than or equal to 0.999 (found 1.5)"),
    ],
)
def test_a_field_out_of_bounds_is_named_with_what_was_expected(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        make_session(fields, file="session.yaml")
    assert message in str(raised.value)
    assert str(raised.value).startswith("session.yaml: ")


def test_one_value_serves_as_a_list_of_one() -> None:
    session = make_session({"models": "char-ngram", "lora_ranks": 8, "learning_rates": 1e-4})
    assert (session.models, session.lora_ranks, session.learning_rates) == (("char-ngram",), (8,), (1e-4,))


@pytest.mark.parametrize("field", ["dataset", "eval_dataset"])
def test_a_path_with_a_nul_character_is_refused(field: str, tmp_path: Path) -> None:
    file = tmp_path / "s.session.yaml"
    file.write_text(f'{field}: "a\\0b"\n', "utf-8")
    with pytest.raises(InputError, match="NUL character"):
        make_session(load_session(file))


def test_fields_of_later_versions_leave_the_digests_of_sessions_that_do_not_name_them() -> None:
    assert set(LATER_FIELDS) <= set(Session.model_fields)
    assert not set(LATER_FIELDS) & set(Session().digested())
    assert Session(slices=("length",), traffic=10).digested()["slices"] == ["length"]
    assert Session(traffic=10).digested()["traffic"] == 10
    assert make_session({"costs": {"spam": {"ham": 5}}}).digested()["costs"] == {"spam": {"ham": 5.0}}
    strict = make_session({"gate": {"label_loss": 0.05}})
    assert strict.digested()["gate"] == {"rule": "superiority", "label_loss": 0.05, "label_rows": 20, "alpha": 0.05}


@pytest.mark.parametrize("models", ["a, b,c", ["a,b", "c"], ("a", "b", "c"), ["a", " b , c "]])
def test_models_may_stand_between_commas(models: object) -> None:
    assert make_session({"models": models}).models == ("a", "b", "c")


def test_no_model_between_two_commas_is_said() -> None:
    with pytest.raises(InputError, match="models"):
        make_session({"models": "a,,b"})
