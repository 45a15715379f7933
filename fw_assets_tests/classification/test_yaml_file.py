"""YAML files that would take the memory, or say a thing twice, are refused with the file and the line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session_input import load_session
from fw_assets.classification.yaml_file import read_yaml

LAUGHS = 'a0: &a0 ["lol"]\n' + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MERGES = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "expands beyond any use"),
        (MERGES, "expands beyond any use"),
        ("a: &a [*a]\n", "expands beyond any use"),
        ("a: &a " + "x" * 10_000 + "\nb: [" + "*a, " * 5_000 + "]\n", "expands beyond any use"),
        ("models: [a]\n" * 200_000, "over 1 MB"),
        ("x: [" + "[" * 300_000, "nested too deeply"),
        ("- " * 300_000, "nested too deeply"),
        ("a: 2024-13-99\n", "is not YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", "is not YAML"),
        ("a: [1\n", "is not YAML"),
        ("a: 1\n--- \nb: 2\n", "is not YAML"),
        ("a: \x00\n", "is not YAML"),
    ],
)
def test_a_file_beyond_the_limits_is_refused_at_once(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.session.yaml"
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(InputError, match=message) as error:
        load_session(path)
    assert time.process_time() - started < 5
    assert str(path) in str(error.value)
    assert len(str(error.value)) < 500


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(InputError, match="is not YAML"):
        read_yaml(path, "session")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("models: [a]\nseed: 1\nseed: 2\n", "seed", 3),
        ('models: [a]\n"seed": 1\nseed: 2\n', "seed", 3),
        ("prices:\n- item: training\n  usd: 1\n  usd: 2\n", "usd", 4),
        ("{seed: 1, seed: 1}", "seed", 1),
    ],
)
def test_a_field_that_is_given_twice_is_named_with_its_line(tmp_path: Path, text: str, key: str, line: int) -> None:
    path = tmp_path / "a.session.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"{path.name}:{line}: '{key}' is given twice"):
        load_session(path)


def test_aliases_of_ordinary_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.session.yaml"
    path.write_text("labels: &labels [a, b]\nextra: {<<: {x: 1}, x: 2, again: *labels}\n")
    assert load_session(path) == {"labels": ["a", "b"], "extra": {"x": 2, "again": ["a", "b"]}}
