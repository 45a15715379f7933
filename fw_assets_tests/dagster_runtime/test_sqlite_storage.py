"""Our SQLite storage against Dagster's own: the same files, read and written by both."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import dagster as dg

from fw_assets.dagster_runtime.sqlite_storage import EMPTY_RUN

OURS = (
    "storage: {custom: {module: fw_assets.dagster_runtime.sqlite_storage, class: SqliteStorage, "
    "config: {base_dir: BASE}}}\n"
)
THEIRS = "storage: {sqlite: {base_dir: BASE}}\n"
REST = "telemetry: {enabled: false}\n"


@dg.asset
def small() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 1})


def instance(home: Path, storage: str) -> dg.DagsterInstance:
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(REST + storage.replace("BASE", str(home)), "utf-8")
    return dg.DagsterInstance.from_config(str(home))


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        found = set(connection.execute("SELECT name, coalesce(sql, '') FROM sqlite_master"))
        return found | {("version", row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")}


def events(of: dg.DagsterInstance, run_id: str) -> list[str]:
    return [str(entry.dagster_event_type) for entry in of.all_logs(run_id)]


def shards(home: Path) -> list[Path]:
    return [path for path in (home / "history" / "runs").glob("*.db") if path.name != "index.db"]


def test_what_one_wrote_the_other_reads_and_goes_on_with(tmp_path: Path) -> None:
    home = tmp_path / "home"
    runs = []
    for storage in (OURS, THEIRS, OURS):
        with instance(home, storage) as opened:
            runs.append(dg.materialize([small], instance=opened).run_id)
            assert all("RUN_SUCCESS" in " ".join(events(opened, run_id)) for run_id in runs)
            assert opened.get_runs_count() == len(runs)
            latest = opened.get_latest_materialization_event(dg.AssetKey("small"))
            assert latest is not None
            assert latest.run_id == runs[-1]
    with instance(tmp_path / "theirs", THEIRS) as opened:
        dg.materialize([small], instance=opened)
    (pattern,) = shards(tmp_path / "theirs")
    assert (home / "history" / "runs" / EMPTY_RUN).exists(), "it was our storage that made them"
    for shard in shards(home):
        assert schema(shard) == schema(pattern)
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        assert schema(home / name) == schema(tmp_path / "theirs" / name)


def test_many_threads_write_the_events_of_many_runs_and_none_is_lost(tmp_path: Path) -> None:
    with instance(tmp_path, OURS) as opened:
        dg.materialize([small], instance=opened)
        names = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(12)]

        def write(run_id: str) -> None:
            run = dg.DagsterRun(job_name="j", run_id=run_id)
            opened.add_run(run)
            for number in range(10):
                opened.report_engine_event(f"event {number}", run)

        threads = [threading.Thread(target=write, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(events(opened, name)) for name in names] == [10] * len(names)


def test_a_database_that_was_made_half_is_made_whole(tmp_path: Path) -> None:
    with instance(tmp_path, OURS) as opened:
        dg.materialize([small], instance=opened)
        half = tmp_path / "history" / "runs" / "half.db"
        half.touch()
        run = dg.DagsterRun(job_name="j", run_id="half")
        opened.add_run(run)
        opened.report_engine_event("said", run)
        assert len(events(opened, "half")) == 1


def test_after_a_wipe_it_begins_again(tmp_path: Path) -> None:
    with instance(tmp_path, OURS) as opened:
        dg.materialize([small], instance=opened)
        opened.wipe()
        assert opened.get_runs_count() == 0
        assert opened.get_latest_materialization_event(dg.AssetKey("small")) is None
        run_id = dg.materialize([small], instance=opened).run_id
        assert "RUN_SUCCESS" in " ".join(events(opened, run_id))
