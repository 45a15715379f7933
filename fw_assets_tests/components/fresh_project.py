"""A project that `create-dagster` makes from the package index, with the wheel of this checkout in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import polars as pl

from fw_assets_tests.project import EXAMPLES

REPOSITORY = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))
# The version that this package is tried with: an index may have the newest of its parts alone.
CREATOR = f"create-dagster@{version('dagster')}"
MARKER = "python_version >= '3.11'"
SCAFFOLD = ("dg", "scaffold", "defs", "fw_assets.ClassificationWorkflow")
PARQUET = """
    from pathlib import Path

    import dagster as dg
    import polars as pl


    @dg.asset(key=["raw", "reviews"])
    def reviews() -> pl.DataFrame:
        return pl.read_parquet(Path(__file__).parents[4] / "data" / "reviews.parquet")
"""
REVIEWS = """
    type: fw_assets.ClassificationWorkflow
    attributes:
      dataset: {asset: raw/reviews, text: text, label: label}
      models: [char-ngram]
      mode: benchmark
      auto_approve_up_to_usd: 0
"""
BOTH = """
    import os
    from pathlib import Path

    import dagster as dg
    from daemon import ProjectDaemon
    from fw_assets.workspace.workspace import Workspace

    defs = dg.load_from_defs_folder(path_within_project=Path.cwd())
    tickets = Workspace(str(Path("workspace/tickets").resolve()))
    kept = "DAGSTER_HOME" in os.environ
    with dg.DagsterInstance.get() if kept else dg.DagsterInstance.ephemeral() as instance:
        daemon = ProjectDaemon(defs, instance)
        job = defs.resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(["raw", "reviews"])])
        sensors = [f"{name}_{sensor}" for name in ("tickets", "reviews") for sensor in ("dataset", "phases")]
        daemon.settle(*sensors)
        plan = tickets.header("plan", "tickets")
        assert plan is not None
        assert tickets.header("report", "tickets") is None, "its plan waits"
        job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(["tickets", "approval"])],
            partition_key="tickets",
            run_config={"ops": {"tickets__approval": {"config": {"approved_by": "ann", "plan_digest": plan.digest}}}},
        )
        daemon.settle(*sensors)
"""
"""Both instances to their reports in one process: what the daemon does for an hour, and a person's yes."""


class FreshProject:
    """The project, named `shop`.

    Attributes:
        path: its folder.
        environment: of its commands; the virtual environment of the project comes first.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.path, self.wheel = folder / "shop", wheel
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
        for name in ("VIRTUAL_ENV", "PYTHONPATH"):  # the wheel is tried, and not this checkout
            inherited.pop(name, None)
        # The environment of this process has a `dg` and an `fw-assets` too, which are not to be found.
        tools = folder / "bin"
        tools.mkdir(parents=True)
        (tools / "uv").symlink_to(UV)
        paths = [str(self.path / ".venv" / "bin"), str(tools), *os.environ["PATH"].split(os.pathsep)]
        own = str(Path(sys.executable).parent)
        self.environment = inherited | {
            "PATH": os.pathsep.join(path for path in paths if path != own),
            "UV_PYTHON": sys.executable,
            "UV_NO_PROGRESS": "1",
            "DAGSTER_CLI_TELEMETRY": "0",
            "NO_COLOR": "1",
        }
        self.run(UV, "tool", "run", CREATOR, "project", str(self.path), "--uv-sync", folder=folder)

    def run(self, *command: str, folder: Path | None = None) -> str:
        """What a command prints."""
        done = subprocess.run(
            command, cwd=folder or self.path, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def of_the_wheel(self, command: Sequence[str]) -> list[str]:
        """A command of the documentation, with the wheel in place of what the package index has."""
        package = f"fw-assets @ {self.wheel.as_uri()}"
        return [part.replace("fw-assets;", f"{package} ;") for part in command]

    def write_data(self, rows: int) -> None:
        """Write the table that the scaffolded `defs.yaml` names, and the one of the upstream asset."""
        lines = EXAMPLES.read_text("utf-8").splitlines()[:rows]
        chats = [json.loads(line)["messages"] for line in lines]
        table = pl.DataFrame(
            {"text": [chat[-2]["content"] for chat in chats], "label": [chat[-1]["content"] for chat in chats]}
        )
        (self.path / "data").mkdir()
        table.write_csv(self.path / "data" / "tickets.csv")
        table.write_parquet(self.path / "data" / "reviews.parquet")

    def add_reviews(self) -> None:
        """Scaffold a second instance, on an asset that the project gets too."""
        defs = self.path / "src" / "shop" / "defs"
        self.run(*SCAFFOLD, "reviews")
        (defs / "reviews" / "defs.yaml").write_text(dedent(REVIEWS), "utf-8")
        (defs / "raw").mkdir()
        (defs / "raw" / "assets.py").write_text(dedent(PARQUET), "utf-8")

    def finish_both(self) -> None:
        """Take both instances to their reports, in one process of the project's environment."""
        daemon = Path(__file__).with_name("daemon.py").read_text("utf-8")
        (self.path / "daemon.py").write_text(daemon, "utf-8")
        self.run("python", "-c", dedent(BOTH))

    def report(self, name: str) -> Path:
        """The report of an instance, as Markdown."""
        return self.path / "workspace" / name / name / "final_report.md"


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout: of the files that git has, as they are now."""
    source = folder / "source"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        file = REPOSITORY / name
        if file.is_file() and name.startswith(("fw_assets/", "pyproject.toml", "README.md", "LICENSE")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(file.read_bytes())
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", str(folder / "dist"), str(source)], check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel
