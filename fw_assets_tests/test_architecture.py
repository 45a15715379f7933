"""Which package may import which, and what importing the domain may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fw_assets

ROOT = Path(fw_assets.__file__).parent
ALLOWED = {
    "classification": {"classification"},
    "fireworks": {"fireworks"},
    "embedded": {"embedded"},
    "report": {"report", "classification"},
    "pipeline": {"pipeline", "classification", "fireworks", "report", "workspace", "dagster_runtime"},
    "workspace": {"workspace", "classification"},
}
FOREIGN = {
    "classification": {"dagster", "httpx"},
    "report": {"dagster", "httpx"},
    "embedded": {"dagster", "httpx"},
}
# The pipeline starts the embedded platform inside its own process from this one place.
EXCEPTIONS = {("pipeline/platform/platform.py", "embedded")}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    package = ["fw_assets", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_packages_import_only_what_they_may(package: str) -> None:
    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "fw_assets" and len(parts) > 1 and (ROOT / parts[1]).is_dir():
                if parts[1] not in ALLOWED[package] and (place, parts[1]) not in EXCEPTIONS:
                    wrong.append(f"{place} imports {name}")
            elif parts[0] in FOREIGN.get(package, set()):
                wrong.append(f"{place} imports {name}")
    assert not wrong


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("fw_assets.cli", ["dagster", "polars", "onnxruntime", "pandera"]),
        ("fw_assets.commands.workflow", ["dagster", "onnxruntime", "pandera", "sklearn"]),
        ("fw_assets.classification.labels.inspection", ["dagster", "httpx", "pandera", "sklearn"]),
        ("fw_assets.definitions", ["pandera", "onnxruntime", "uvicorn"]),
    ],
)
def test_importing_stays_light(module: str, absent: list[str]) -> None:
    """Every run process pays for what is imported at the top of a module."""
    code = f"import sys, {module}; print([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
