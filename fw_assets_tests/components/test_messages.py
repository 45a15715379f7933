"""Messages about the datasets of a component: they name what works there, and no command of the environment's."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

import fw_assets
from fw_assets.classification.errors import InputError
from fw_assets.cli import main
from fw_assets.commands.dataset_states import dataset_states
from fw_assets.components.classification_workflow import ClassificationWorkflow
from fw_assets.exit_codes import BAD_INPUT
from fw_assets.pipeline.approvals import require_approval
from fw_assets.pipeline.automation.alert_events import plans_that_wait
from fw_assets.pipeline.errors.budget import DeploymentAboveCeiling, EstimateAboveHeld, JobCost, RunStopped
from fw_assets.pipeline.exporting.export_winner import export_winner
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.label_file import label_file
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.prediction.label_text import label_text
from fw_assets.pipeline.reporting.report_files import whole_report
from fw_assets.pipeline.runner.session import exclusive_pool
from fw_assets.pipeline.standing import retry_advice
from fw_assets.pipeline.workflow.next_step import in_words, to_deploy, to_plan, to_register
from fw_assets.pipeline.workflow.owner import FILE, Owner, note_owner, owner_of
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.components.daemon import ProjectDaemon
from fw_assets_tests.components.shop import write_rows
from fw_assets_tests.pipeline.budget.test_attempts import Jobs, under

ROOT = Path(__file__).parents[2] / "fw_assets"
DRIVES = re.compile(r"fw-assets (run|plan|approve|deploy)\b|--approve|same command")
"""Commands that ask the environment's platform and record under the names of this package's own code location."""
ELSEWHERE = {
    "pipeline/workflow/next_step.py": "where what is said is decided",
    "pipeline/failures.py": "advice of the command line alone",
    "pipeline/config.py": "what the drivers are called",
    "pipeline/runner/instance_faults.py": "the command line's own instance",
    "pipeline/runner/fork_server.py": "a process of the command line",
    "pipeline/runner/process_pool.py": "a process of the command line",
    "report/sections/answer.py": "of reports without a remedy, which versions before wrote",
    "workspace/file_faults.py": "of the machine, whoever meets them",
    "workspace/files.py": "of the machine, whoever meets them",
    "workspace/file_server.py": "a page of `fw-assets serve`",
}
OWNER = Owner(name="tickets", key_prefix=("shop", "tickets"), platform="embedded")


def texts(path: Path) -> Iterator[str]:
    """The strings of a module but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(item.value)
        for node in ast.walk(tree)
        if isinstance(node, documented) or hasattr(node, "body")
        for item in (node.body if isinstance(node.body, list) else [])
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_commands_that_drive_are_named_in_one_place() -> None:
    rooms = [ROOT / name for name in ("pipeline", "workspace", "report", "components")]
    found = {
        str(path.relative_to(ROOT))
        for room in rooms
        for path in room.rglob("*.py")
        if any(DRIVES.search(text) for text in texts(path))
    }
    assert found == ELSEWHERE.keys()


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    store = Workspace(str(tmp_path / "workspace"))
    note_owner(store, OWNER)
    return store


def failed_attempt(store: Workspace) -> str:
    with pytest.raises(Exception, match="approve again") as caught:
        Jobs().run(under(store, "a1"))
    return str(caught.value)


def without_a_plan(store: Workspace) -> str:
    with pytest.raises(Exception, match="has no plan yet") as caught:
        require_approval(store, "tickets")
    return str(caught.value)


def missing_value(store: Workspace) -> str:
    with pytest.raises(FileNotFoundError) as caught:
        store.require("plan", "tickets", Owner)
    return str(caught.value)


@pytest.mark.parametrize(
    "say",
    [
        failed_attempt,
        without_a_plan,
        missing_value,
        lambda store: retry_advice(store, "tickets"),
        lambda store: to_deploy(store, "tickets"),
        lambda store: to_plan(store, "tickets"),
        to_register,
    ],
)
def test_what_fails_says_what_to_do_in_dagster(say: Callable[[Workspace], str], store: Workspace) -> None:
    message = say(store)
    assert not DRIVES.search(message)
    assert "in Dagster" in message or "`shop/tickets/dataset`" in message
    store.local(FILE).unlink()
    if say is not missing_value:
        assert DRIVES.search(say(store)), "where commands work they are named"


@pytest.mark.parametrize("error", [RunStopped, JobCost, EstimateAboveHeld, DeploymentAboveCeiling])
def test_the_remedy_of_a_run_that_was_stopped_helps_where_it_ran(error: type[RunStopped], store: Workspace) -> None:
    said = in_words(store, error.remedy)
    assert not DRIVES.search(said)
    assert "approve the plan again in Dagster" in said.replace("Approve", "approve")
    store.local(FILE).unlink()
    assert "un the same command again with `--approve`" in in_words(store, error.remedy)


def test_what_a_workflow_writes_and_says_names_no_command_that_drives(tmp_path: Path) -> None:
    write_rows(tmp_path, rows=48)
    (tmp_path / "rows.parquet").rename(tmp_path / "tickets.parquet")
    fields = {"text_column": "body", "label_column": "queue", "models": ["char-ngram"], "mode": "benchmark"}
    component = ClassificationWorkflow(dataset="tickets.parquet", key_prefix="shop/tickets", **fields)
    defs = component.definitions("tickets", tmp_path)
    store = Workspace(str(tmp_path / "workspace" / "tickets"))
    said: list[str] = []
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = ProjectDaemon(defs, instance)
        daemon.settle("tickets_dataset", "tickets_phases")
        assert owner_of(store) == OWNER
        said += [event().text for event in plans_that_wait(store).values()]
        with pytest.raises(Exception, match="is not approved") as caught:
            require_approval(store, "tickets")
        said.append(str(caught.value))
        assert "`shop/tickets/approval`" in said[-1]
        plan = store.header("plan", "tickets")
        assert plan is not None
        defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(["shop", "tickets", "approval"])],
            partition_key="tickets",
            run_config={
                "ops": {"shop__tickets__approval": {"config": {"approved_by": "ann", "plan_digest": plan.digest}}}
            },
        )
        daemon.settle("tickets_phases")
        said += daemon.skipped.values()
        for run in instance.get_runs():
            said += [repr(entry.dagster_event or entry.user_message) for entry in instance.all_logs(run.run_id)]
    said += [state.note for state in dataset_states(store.root)]
    files = [
        path
        for path in (tmp_path / "workspace" / "tickets" / "tickets").glob("*.*")
        if path.suffix in (".md", ".html", ".json")
    ]
    assert {"plan.md", "final_report.md", "final_report.html"} <= {path.name for path in files}
    said += [path.read_text("utf-8") for path in files]
    for text in said:
        found = DRIVES.search(text)
        assert found is None, text[max(0, found.start() - 200) : found.end() + 100]
    store.local("tickets", "final_report.md").write_text("edited", "utf-8")
    with pytest.raises(FileNotFoundError, match="Re-execute"):
        whole_report(store, "tickets")


def commands_that_drive(store: Workspace) -> Iterator[Callable[[], object]]:
    for arguments in (
        ("plan", "tickets"),
        ("run", "tickets", "--approve"),
        ("run", "rows.csv", "--model", "char-ngram", "--name", "tickets"),
        ("approve", "tickets", "--digest", "abc"),
    ):
        yield partial(main, [*arguments, "--workspace", store.root])
    yield lambda: fw_assets.plan("tickets", workspace=store.root)


def refusal(command: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises((SystemExit, InputError)) as caught:
        command()
    if isinstance(caught.value, SystemExit):
        assert caught.value.code == BAD_INPUT
        return capsys.readouterr().err
    return str(caught.value)


def test_what_plans_and_runs_is_refused_on_the_workspace_of_a_component(
    store: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("text,label\n" + "a,b\nc,d\n" * 20, "utf-8")
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    for command in commands_that_drive(store):
        said = refusal(command, capsys)
        assert "is the workspace of the component tickets of a Dagster project" in said
        assert "`shop/tickets/approval`" in said
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    with pytest.raises(InputError, match="the component tickets"), exclusive_pool(store, "tickets", print):
        pass


@pytest.mark.parametrize("ask", [label_text, label_file, export_winner])
def test_another_platform_than_that_of_the_component_is_not_asked(
    ask: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Workspace(str(tmp_path / "workspace"))
    note_owner(store, OWNER.model_copy(update={"platform": "fireworks"}))
    out = tmp_path / "out"
    asked: dict[Callable[..., object], tuple[object, ...]] = {
        label_text: ("a text",),
        label_file: (LabelRequest(str(tmp_path / "rows.csv"), tmp_path / "out.csv"),),
        export_winner: ("adapter", out),
    }
    with pytest.raises(InputError, match=r"FW_PLATFORM=fireworks\. .*workflow='tickets'"):
        ask(store, Platform("embedded", tmp_path / "platform"), "tickets", *asked[ask])
    with pytest.raises(FileNotFoundError):  # nothing was decided yet: its own platform is asked
        ask(store, Platform("fireworks", tmp_path / "platform"), "tickets", *asked[ask])
