from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import load_session, make_session


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InputError) as raised:
        make_session({"seed": -1, "finalists": 0, "colour": "red"})
    assert {problem.field for problem in raised.value.problems} == {"seed", "finalists", "colour"}


def test_a_relative_dataset_is_beside_the_session_file(tmp_path: Path) -> None:
    path = tmp_path / "session.yaml"
    path.write_text("dataset: rows.jsonl\neval_dataset: s3://bucket/test.jsonl\nmodels: [char-ngram]\n", "utf-8")
    assert load_session(path) == {
        "dataset": str(tmp_path / "rows.jsonl"),
        "eval_dataset": "s3://bucket/test.jsonl",
        "models": ["char-ngram"],
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"models: [a\nseed: 1\n", "session.yaml:2: is not YAML: "),
        (b"\xff\xfe\xff", "session.yaml: is not YAML: "),
        (b"- models\n", "session.yaml: expected `field: value` lines"),
        (None, "session.yaml: cannot be read: No such file or directory"),
    ],
    ids=["syntax", "encoding", "a list", "missing"],
)
def test_a_file_that_is_no_session_is_an_error(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "session.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        load_session(path)
    assert message in str(raised.value)


def test_a_path_whose_links_lead_in_a_circle_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    file = tmp_path / "s.session.yaml"
    file.write_text("dataset: loop.jsonl\n", "utf-8")
    assert load_session(file)["dataset"] == str(tmp_path / "loop.jsonl")


def test_each_unknown_field_is_one_short_line() -> None:
    with pytest.raises(InputError) as caught:
        make_session({"model": ["char-ngram"], "epoch": 3}, file="session.yaml")
    first, second, advice = str(caught.value).splitlines()
    assert first == "session.yaml: model: is not a session field; did you mean models?"
    assert second == "session.yaml: epoch: is not a session field; did you mean epochs?"
    assert "nothing was started" in advice


@pytest.mark.parametrize("name", Session.model_fields)
def test_a_field_with_one_letter_too_few_is_recognised(name: str) -> None:
    with pytest.raises(InputError) as caught:
        make_session({name[:-1]: "x"})
    assert f"did you mean {name}?" in str(caught.value)
