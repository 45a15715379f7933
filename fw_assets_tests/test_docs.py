"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fw_assets.classification.session import Session
from scripts.generate_docs import DOCS, documents


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_generated_blocks_are_current(path: Path) -> None:
    assert path.read_text("utf-8") == documents()[path], "run `make docs`"


def test_every_kind_of_bad_input_is_documented() -> None:
    package = DOCS.parent / "fw_assets" / "classification"
    places = [
        *(package / "dataset").glob("*.py"),
        *(package / "labels" / f"{n}.py" for n in ("extraction", "resolution")),
    ]
    code = "".join(path.read_text("utf-8") for path in places)
    kinds = set(re.findall(r'(?:RowError\(\s*|kind=|unreadable\(\w+, )"([a-z-]+)"', code))
    text = (DOCS / "dataset.md").read_text("utf-8")
    assert len(kinds) > 25
    assert {kind for kind in kinds if f"`{kind}`" not in text} == set()


def test_every_session_field_says_what_it_means() -> None:
    assert [name for name, field in Session.model_fields.items() if not field.description] == []


def test_modules_and_files_that_the_documents_name_exist() -> None:
    root = DOCS.parent
    missing = []
    for page in [*DOCS.rglob("*.md"), *root.glob("*.md")]:
        text = page.read_text("utf-8")
        if page.name == "CHANGELOG.md":
            continue  # it names what was there
        names = re.findall(r"\b((?:benchmarks|scripts)\.[a-z_0-9]+)\b", text)
        paths = re.findall(r"\b((?:fw_assets|fw_assets_tests|benchmarks|scripts)/[\w/]+\.(?:py|json|yaml|txt))", text)
        modules = [root / name.replace(".", "/") for name in names]
        found = [path / "__main__.py" if path.is_dir() else path.with_suffix(".py") for path in modules]
        found += [root / path for path in paths]
        missing += [f"{page.name}: {path}" for path in found if not path.exists()]
    assert missing == []
