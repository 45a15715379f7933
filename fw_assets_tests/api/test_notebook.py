"""A notebook in a kernel, where those who have one installed run these tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fw_assets_tests.project import Project

ROOT = Path(__file__).parents[2]
CELLS = (
    "import fw_assets\nwork = fw_assets.plan('tickets.jsonl', models='char-ngram', mode='benchmark')\nwork.plan",
    "report = work.approve().run()\nreport",
    "work.predict(['I was charged twice'])",
)


def test_cells_run_and_draw_plan_report_and_progress(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel", reason="there is no kernel to run a notebook in")
    monkeypatch.setenv("PYTHONPATH", str(ROOT) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("FW_WORKSPACE", str(project.workspace))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(project.folder)}}
    ).execute()
    drawn = ["".join(output.get("data", {}).get("text/html", "") for output in cell.outputs) for cell in notebook.cells]
    assert "Plan for tickets" in drawn[0]
    assert "<progress" in drawn[1]
    assert "test rows" in drawn[1]
    assert "billing" in str(notebook.cells[2].outputs)
