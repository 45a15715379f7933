"""Every default can be written down as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from fw_assets.classification.session import Session
from fw_assets.classification.session_input import load_session, make_session
from fw_assets_tests.project import InProcessPool, Project
from scripts.generate_docs import session_table

NEEDED: dict[str, Any] = {"dataset": "tickets.jsonl", "models": ["char-ngram"]}


def plain(name: str) -> Any:
    """A field's default as YAML and JSON have it."""
    default = Session.model_fields[name].default
    if isinstance(default, BaseModel):
        return default.model_dump(mode="json")
    return list(default) if isinstance(default, tuple) else default


FIELDS = [name for name in Session.model_fields if name not in NEEDED]


@pytest.mark.parametrize("name", FIELDS)
def test_a_default_that_is_written_down_changes_nothing(tmp_path: Path, name: str) -> None:
    alone = make_session(dict(NEEDED))
    fields = NEEDED | {name: plain(name)}
    for file, text in (("session.yaml", yaml.safe_dump(fields)), ("session.json", json.dumps(fields))):
        (tmp_path / file).write_text(text)
        session = make_session(load_session(tmp_path / file) | {"dataset": NEEDED["dataset"]})
        assert session == alone
        assert session.digested() == alone.digested()


def test_the_defaults_of_the_documents_can_be_copied() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", session_table(), flags=re.MULTILINE))
    assert set(shown) == set(Session.model_fields)
    for name in FIELDS:
        assert yaml.safe_load(shown[name]) == plain(name)


def test_the_plan_of_all_defaults_is_the_plan_of_none(project: Project) -> None:
    project.make_pool = InProcessPool
    digests = set()
    explicit = NEEDED | {name: plain(name) for name in FIELDS}
    for file, text in (
        ("none.yaml", yaml.safe_dump(NEEDED)),
        ("all.yaml", yaml.safe_dump(explicit)),
        ("all.json", json.dumps(explicit)),
    ):
        (project.folder / file).write_text(text)
        done = project.run("plan", "--session", file, "--json")
        assert done.returncode == 0, done.stderr
        digests.add(json.loads(done.stdout)["digest"])
    assert len(digests) == 1
