"""Private names of Dagster are in this one folder, and everything else works without it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fw_assets

PACKAGE = Path(fw_assets.__file__).parent
FOLDER = PACKAGE / "dagster_runtime"
PRIVATE_NAME = re.compile(r"\bdagster(?:_\w+)?(?:\.\w+)*\._\w+|from dagster(?:\.\w+)* import _\w+")
"""`dagster._core.x`, `dagster_shared._y`, `from dagster import _check`; in strings and YAML as well."""
FORBID = """
import sys
from importlib.abc import MetaPathFinder

class Forbidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("fw_assets.dagster_runtime"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Forbidden())
"""


def test_private_names_of_dagster_are_used_in_this_folder_alone() -> None:
    sources = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".yaml") and FOLDER not in path.parents]
    uses = [
        f"{path.relative_to(PACKAGE.parent)}: {name}"
        for path in (*sources, *(PACKAGE.parent / "docs").rglob("*.yaml"), PACKAGE.parent / "dagster.yaml")
        for name in PRIVATE_NAME.findall(path.read_text("utf-8"))
    ]
    assert not uses


def test_every_private_import_of_the_folder_has_its_reason_above_it() -> None:
    without = []
    for path in sorted(FOLDER.glob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.match(r"\s*from (dagster\S*\._|multiprocessing\.popen)", line):
                above = number - 1
                while re.match(r"\s*(from dagster\S*\._|\)|    \w+,$)", lines[above]):
                    above -= 1
                if not lines[above].lstrip().startswith("#"):
                    without.append(f"{path.name}:{number + 1}: {line}")
    assert not without


@pytest.mark.parametrize(
    "code",
    [
        "from fw_assets.definitions import defs; assert defs.resolve_job_def('approve_plan')",
        "import fw_assets.pipeline.runner.preload",
        "from fw_assets.cli import main; main(['models', '--json'], standalone_mode=False)",
    ],
    ids=["definitions", "preload", "command-line"],
)
def test_the_program_loads_without_the_folder(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORBID + code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
