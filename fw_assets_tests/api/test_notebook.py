"""The example notebook, from a CSV to a report and predictions, in a kernel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fw_assets_tests.project import EXAMPLES

# Found without being imported: what nbformat imports builds grammars for seconds, in every worker that collects tests.
if missing := [name for name in ("nbformat", "nbclient", "ipykernel") if importlib.util.find_spec(name) is None]:
    pytest.skip(f"not installed: {', '.join(missing)}", allow_module_level=True)

ROOT = Path(__file__).parents[2]
NOTEBOOK = EXAMPLES.with_name("notebook.ipynb")
RUN = """\
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
folder = {"metadata": {"path": sys.argv[2]}}
nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()
nbformat.write(notebook, sys.argv[3])
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The cells by their id after they ran, and what was printed where the notebook server would run."""
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copy(EXAMPLES, folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK), str(folder), str(folder / "ran.ipynb")],
        env={**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    nbformat: Any = importlib.import_module("nbformat")
    return {cell.id: cell for cell in nbformat.read(folder / "ran.ipynb", 4).cells}, done.stderr


def drawn(cell: Any) -> str:
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)


@pytest.mark.timeout(900)
def test_it_goes_from_a_csv_to_a_report_and_predictions(ran: tuple[dict[str, Any], str]) -> None:
    cells, _ = ran
    assert "Plan for tickets-in-a-notebook" in drawn(cells["plan"])
    assert "<progress" in drawn(cells["run"])
    assert "Base against fine-tuned" in drawn(cells["run"])
    assert "fine-tuned" in drawn(cells["report-frames"])
    assert any(f"'{label}'" in str(cells["one-text"].outputs) for label in ("account", "billing", "sales", "technical"))
    assert drawn(cells["a-table"]).count("<tr>") >= 3
    assert not any("script" in drawn(cell) for cell in cells.values() if cell.cell_type == "code")


def test_nothing_is_left_to_complain_when_its_kernel_ends(ran: tuple[dict[str, Any], str]) -> None:
    assert "KeyboardInterrupt" not in ran[1]


def test_it_is_kept_without_what_a_run_has_left_in_it() -> None:
    nbformat: Any = importlib.import_module("nbformat")
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
