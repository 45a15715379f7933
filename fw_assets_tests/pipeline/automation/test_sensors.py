"""The sensors, called as the daemon calls them, on real files and the embedded platform, without a daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import fsspec
import pytest

from fw_assets.definitions import defs
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.automation import sensors
from fw_assets.pipeline.automation.inbox import inbox_url
from fw_assets.pipeline.phases import PLANNING, Step
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import FORMER_STEP_KEY, STEP_KEY
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import EXAMPLES

ROWS = EXAMPLES.read_text("utf-8").splitlines(keepends=True)
SESSION = "models: [char-ngram]\n"
INBOX, PHASES = sensors.inbox(OWN), sensors.phases(OWN)


@dg.job
def any_job() -> None:
    """A job of which runs are recorded, and none is executed."""


class Daemon:
    """What the daemon does with the two sensors: a tick with the cursor of the last, each run key once."""

    def __init__(self, root: Path) -> None:
        self.store = Workspace(str(root))
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursors: dict[str, str | None] = {}
        self.keys: set[str] = set()
        self.workspace = WorkspaceResource(root=str(root))

    def tick(self, sensor: dg.SensorDefinition, **resources: object) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursors.get(sensor.name))
        result = sensor(context, workspace=self.workspace, **resources)
        assert isinstance(result, dg.SensorResult)
        self.cursors[sensor.name] = result.cursor
        return result

    def look(self, sensor: dg.SensorDefinition = INBOX) -> str:
        reason = self.tick(sensor, platform=PlatformResource()).skip_reason
        return str(reason.skip_message if isinstance(reason, dg.SkipReason) else reason)

    def start(self) -> list[dg.RunRequest]:
        """The requests that Dagster would not drop."""
        new = [r for r in self.tick(PHASES).run_requests or [] if r.run_key not in self.keys]
        self.keys |= {str(r.run_key) for r in new}
        return new

    def drop(self, name: str, rows: int = 40, session: str | None = SESSION, *, age: float = 5) -> None:
        self.write(f"{name}.jsonl", "".join(ROWS[:rows]), age=age)
        if session is not None:
            self.write(f"{name}.session.yaml", session, age=age)

    def write(self, name: str, text: str, *, age: float = 5) -> None:
        path = self.inbox / name
        path.write_text(text, "utf-8")
        os.utime(path, (time.time() - age, time.time() - age - len(self.keys)))


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    for name in [name for name in os.environ if name.startswith(("FW_", "FIREWORKS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FW_WORKSPACE", str(tmp_path))
    found = Daemon(tmp_path)
    with found.instance:
        yield found


def started(requests: list[dg.RunRequest]) -> list[str]:
    return sorted(str(request.partition_key) for request in requests)


def test_a_dropped_file_is_planned_once(daemon: Daemon) -> None:
    assert "nothing new" in daemon.look()
    daemon.drop("Support Tickets")
    assert "support-tickets: registered" in daemon.look()
    (request,) = daemon.start()
    assert (request.partition_key, request.job_name) == ("support-tickets", "inspect_and_plan")
    assert request.asset_selection == [dg.AssetKey(asset) for asset in PLANNING]
    assert "nothing new" in daemon.look()
    assert daemon.start() == []
    daemon.drop("Support Tickets", age=3)
    assert "nothing new" in daemon.look(), "touched, but with the same content"
    daemon.drop("Support Tickets", rows=38, age=3)
    assert "registered" in daemon.look()
    assert started(daemon.start()) == ["support-tickets"]


def test_tables_are_taken_as_json_lines_are_and_other_files_are_named(daemon: Daemon) -> None:
    rows = "".join(f"ticket {n} is late,{'ab'[n % 2]}\n" for n in range(40))
    daemon.write("Tickets.CSV", f"text,label\n{rows}")
    daemon.write("Tickets.eval.csv", f"text,label\n{rows[: len(rows) // 2]}")
    daemon.write("Tickets.session.yaml", SESSION)
    daemon.write("notes.docx", "about the tickets")
    seen = daemon.look()
    assert "tickets: registered" in seen
    assert "notes.docx: is not of a format that is read" in seen
    registration = daemon.store.read("registration", "tickets", Registration)
    assert registration is not None
    assert [Path(file.path).name for file in registration.files] == ["Tickets.CSV", "Tickets.eval.csv"]


def test_a_value_that_was_lost_after_its_run_succeeded_is_made_again(daemon: Daemon) -> None:
    daemon.drop("tickets")
    daemon.look()
    (first,) = daemon.start()
    run = daemon.instance.create_run_for_job(any_job, tags=dict(first.tags), status=dg.DagsterRunStatus.FAILURE)
    daemon.cursors.clear()
    assert daemon.start() == [], "a run that failed is not started again by itself"
    daemon.instance.delete_run(run.run_id)
    daemon.instance.create_run_for_job(any_job, tags=dict(first.tags), status=dg.DagsterRunStatus.SUCCESS)
    daemon.cursors.clear()
    (again,) = daemon.start()
    assert again.run_key == f"{first.run_key}#2"
    assert again.asset_selection == first.asset_selection


def test_a_file_that_is_being_written_waits(daemon: Daemon) -> None:
    daemon.drop("tickets", age=0)
    assert "tickets.jsonl: still being written" in daemon.look()
    daemon.write("tickets.jsonl", "".join(ROWS[:50]))
    assert "still being written" in daemon.look(), "its session is still new"
    daemon.write("tickets.session.yaml", SESSION)
    assert "registered" in daemon.look()


def test_a_file_from_the_future_waits_only_until_it_is_quiet(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon.drop("tickets", age=-3600)
    assert "still being written" in daemon.look()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2)
    assert "registered" in daemon.look()


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (None, "name the models to evaluate and fine-tune; to choose from: char-ngram"),
        ("models: [char-ngram\n", "is not YAML"),
        ("models: [char-ngram]\nepoch: 3\n", "epoch: is not a session field"),
        ("models: [char-ngram]\neval_dataset: missing.jsonl\n", "no such file"),
    ],
    ids=["no-models", "not-yaml", "unknown-field", "missing-file"],
)
def test_what_is_missing_is_said_in_every_tick_until_it_is_mended(
    daemon: Daemon, session: str | None, said: str
) -> None:
    daemon.drop("waiting", session=session)
    daemon.drop("good")
    for _ in range(3):
        note = daemon.look()
        assert f"waiting.jsonl: {said}" in note or said in note, note
    assert started(daemon.start()) == ["good"]
    daemon.write("waiting.session.yaml", SESSION, age=3)
    assert "waiting: registered" in daemon.look()
    assert "nothing new" in daemon.look()
    assert started(daemon.start()) == ["waiting"]


def test_what_something_outside_the_inbox_mended_is_taken_up(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.jsonl"
    daemon.drop("tickets", session=f"models: [char-ngram]\neval_dataset: {outside}\n")
    assert "no such file" in daemon.look()
    outside.write_text("".join(ROWS[40:60]), "utf-8")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    assert "registered" in daemon.look()


def test_two_files_with_one_dataset_name_are_told_apart(daemon: Daemon) -> None:
    daemon.drop("my tickets")
    daemon.drop("my-tickets")
    assert "my-tickets.jsonl: my tickets.jsonl has the same dataset name, my-tickets" in daemon.look()
    assert "my-tickets.jsonl: my tickets.jsonl has the same dataset name" in daemon.look()
    assert started(daemon.start()) == ["my-tickets"]


def test_malformed_rows_fail_their_own_run_only(daemon: Daemon) -> None:
    daemon.drop("good", rows=120)
    daemon.drop("bad")
    daemon.write("bad.jsonl", '{"messages": [{"role": "user"\n')
    daemon.look()
    failed = {}
    for request in daemon.start():
        step = Step(PLANNING, str(request.partition_key), None, "")
        try:
            execute(daemon.instance, defs, step)
        except dg.Failure as failure:
            failed[step.dataset] = failure
    assert set(failed) == {"bad"}
    assert "bad.jsonl:1" in str(failed["bad"].description)
    assert "problems" in failed["bad"].metadata
    assert daemon.start() == [], "a failed run is not started again by itself"
    assert "waits for approval" in str(daemon.tick(PHASES).skip_reason)


def test_fifty_files_at_once_are_each_planned_once_through_a_bounded_queue(daemon: Daemon) -> None:
    names = [f"set-{number:02d}" for number in range(60)]
    for name in names:
        daemon.drop(name, rows=12)
    daemon.look()
    first = daemon.start()
    assert len(first) == sensors.MAX_REQUESTS_PER_TICK
    second = daemon.start()
    assert started(first + second) == names
    assert daemon.start() == []


def test_the_inbox_may_be_a_url(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "memory://test-inbox"
    monkeypatch.setenv("FW_INBOX", url)
    assert inbox_url(daemon.store, OWN) == url
    assert "nothing new" in daemon.look()
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/test-inbox/tickets.jsonl", "".join(ROWS[:40]).encode())
    fs.pipe_file("/test-inbox/tickets.session.yaml", b"models: [char-ngram]\neval_dataset: held-out.jsonl\n")
    fs.pipe_file("/test-inbox/held-out.jsonl", "".join(ROWS[40:60]).encode())
    assert "still being written" in daemon.look()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2)
    said = daemon.look()
    assert "tickets: registered" in said, said
    made = daemon.store.require("registration", "tickets", Registration)
    assert made.session.dataset == f"{url}/tickets.jsonl"
    assert made.session.eval_dataset == f"{url}/held-out.jsonl"
    assert Path(made.files[0].path).read_text("utf-8") == "".join(ROWS[:40])


def test_the_platforms_datasets_are_watched_where_a_pattern_says_so(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    watch = sensors.platform_datasets(OWN)
    assert "off: set FW_WATCH_DATASETS" in daemon.look(watch)
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(ROWS[:40]), "utf-8")

    async def upload(client: Fireworks) -> None:
        for name in ("tickets-may", "other", "fwa-tickets-train"):
            await client.ensure_dataset(name, data, rows=40, display_name=name)

    platform_from_environment().call(upload)
    monkeypatch.setenv("FW_WATCH_DATASETS", "*tickets*")
    for _ in range(2):
        assert "tickets-may: models: name the models" in daemon.look(watch)
    session = tmp_path / "watch.yaml"
    session.write_text(SESSION, "utf-8")
    monkeypatch.setenv("FW_WATCH_SESSION", str(session))
    assert daemon.look(watch) == "tickets-may: registered, to be planned"
    assert started(daemon.start()) == ["tickets-may"]
    assert "nothing new" in daemon.look(watch)


def test_the_cursor_of_the_inbox_is_a_few_words_however_many_files_there_are(daemon: Daemon) -> None:
    for number in range(30):
        daemon.drop(f"tickets-{number}", rows=10)
    assert daemon.look().count("registered") == 30
    assert len(daemon.cursors["inbox"] or "") < 60
    assert "nothing new" in daemon.look()


def test_the_cursor_of_an_earlier_version_is_read(daemon: Daemon) -> None:
    daemon.drop("tickets")
    daemon.look()
    kept = Path(daemon.store.path(".inbox.json"))
    daemon.cursors["inbox"] = kept.read_text("utf-8")  # where they were
    kept.unlink()
    assert "nothing new" in daemon.look()
    assert kept.exists()


def test_a_cursor_that_is_reset_has_everything_seen_anew(daemon: Daemon) -> None:
    daemon.drop("tickets")
    daemon.look()
    daemon.cursors["inbox"] = None
    assert "tickets: registered" in daemon.look()


def test_a_value_that_was_lost_after_a_run_of_an_earlier_version_is_made_again(daemon: Daemon) -> None:
    daemon.drop("tickets")
    daemon.look()
    (first,) = daemon.start()
    former = {FORMER_STEP_KEY: first.tags[STEP_KEY]}
    daemon.instance.create_run_for_job(any_job, tags=former, status=dg.DagsterRunStatus.SUCCESS)
    daemon.cursors.clear()
    (again,) = daemon.start()
    assert again.run_key == f"{first.run_key}#2"
