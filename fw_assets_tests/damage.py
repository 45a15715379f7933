"""Damage to the files of a finished run, and what the next commands make of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fw_assets.pipeline.runner.fork_server import reset_signals, start_process
from fw_assets_tests.dagster_databases import keep_what_does_not_change
from fw_assets_tests.project import EXAMPLES, InProcessPool

NAME = "tiny"
ROWS = 120
MODELS = ("char-ngram", "minilm-l6-v2")
REPORT_FILES = ("report.json", "final_report.md", "final_report.html")
MADE = ("datasets", "supervisedFineTuningJobs", "models", "deployments")
TIMEOUT_SECONDS = 300.0
PRELOAD = "fw_assets_tests.forked_commands"


def _untimed(value: Any) -> Any:
    """JSON without the latencies in it."""
    if isinstance(value, list):
        return [_untimed(item) for item in value]
    return (
        {key: _untimed(item) for key, item in value.items() if key != "latency"} if isinstance(value, dict) else value
    )


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(data: bytes) -> bytes:
    """One bit of a digit near the middle, so that JSON stays JSON; of any byte where there is no digit."""
    middle = len(data) // 2
    near = range(middle, min(len(data), middle + 4_000))
    at = next((i for i in near if 48 <= data[i] <= 57 and data[i - 1] in b"0123456789."), middle)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if data else b"\0"


def _torn_line(data: bytes) -> bytes:
    body = data.rstrip(b"\n")
    start = body.rfind(b"\n") + 1
    return body[: start + (len(body) - start) // 2]


def _damaged_line(data: bytes) -> bytes:
    """The first line filled with something else."""
    first, line_end, rest = data.partition(b"\n")
    return b"\xff" * len(first) + line_end + rest


CONTENT: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": _half,
    "zeros": lambda data: bytes(len(data)),
    "bit": _flip,
    "garbage": lambda data: b"\xde\xad\xbe\xef" * (len(data) // 4 + 1),
    "torn line": _torn_line,
    "damaged line": _damaged_line,
}
DAMAGES = (*CONTENT, "missing", "folder")


def damage(path: Path, kind: str) -> None:
    """Damage a file in one of the ways of `DAMAGES`."""
    if kind in CONTENT:
        path.write_bytes(CONTENT[kind](path.read_bytes()))
        return
    path.unlink()
    if kind == "folder":
        path.mkdir()


@dataclass(frozen=True)
class Home:
    """A workspace, the home of its platform, and the dataset's file.

    Attributes:
        folder: holds all three; a copy of it is another home.
        models: that are benchmarked.
    """

    folder: Path
    models: tuple[str, ...] = MODELS

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def platform(self) -> Path:
        return self.folder / "platform"

    @property
    def data(self) -> Path:
        return self.folder / f"{NAME}.jsonl"

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
        return {**kept, "FW_WORKSPACE": str(self.workspace), "FW_PLATFORM_HOME": str(self.platform)}

    def run(self, *arguments: str) -> Outcome:
        """A command of `fw-assets`, with its steps, in one forked process."""
        return _forked(self, _command, arguments)

    def workflow(self, *more: str) -> Outcome:
        models = [part for model in self.models for part in ("--model", model)]
        return self.run("run", str(self.data), *models, "--approve", "--yes", *more)

    def tick(self) -> Outcome:
        """One tick of the sensor `phases`, with its skip reason and its requests on standard output."""
        return _forked(self, _tick, ())

    def report(self) -> dict[str, Any] | None:
        """The report without what differs between two undisturbed runs; None if there is none that can be read."""
        try:
            text = (self.workspace / NAME / "report.json").read_text("utf-8")
            report = json.loads(re.sub(r'/[^" ]*/(workspace|platform|tiny\.jsonl)', r"\1", text))
        except (OSError, ValueError):
            return None
        for point in (report.get("trend") or {}).get("points", ()):
            del point["at"]
        return {key: _untimed(value) for key, value in report.items() if key not in ("run", "snippets")}

    def report_without_ids(self) -> dict[str, Any]:
        """The report as it is whether a job was the first of its specification or the successor of a failed one."""
        values: dict[str, Any] = json.loads(re.sub(r"-[0-9a-f]{12}\b", "", json.dumps(self.report() or {})))
        return values | {"created": sorted(set(values.get("created", ())))}

    def made(self) -> dict[str, int]:
        """How many resources the platform holds by collection, and the requests that it answered."""
        outcome = _forked(self, _counts, ())
        return dict(json.loads(outcome.stdout)) if outcome.code == 0 else {}

    def copy(self, folder: Path) -> Home:
        shutil.copytree(self.folder, folder, symlinks=True)
        return Home(folder, self.models)


@dataclass(frozen=True)
class Outcome:
    """What a command came to; `code` is None where it was still at work when the time was over."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def raised(self) -> bool:
        return "Traceback" in self.stderr or "Traceback" in self.stdout


def finished_run(folder: Path, models: tuple[str, ...] = MODELS) -> Home:
    """A finished run on the first rows of the example."""
    home = Home(folder, models)
    folder.mkdir(parents=True, exist_ok=True)
    home.data.write_text("".join(EXAMPLES.read_text("utf-8").splitlines(keepends=True)[:ROWS]), "utf-8")
    outcome = home.workflow()
    assert outcome.code == 0, outcome.stderr
    return home


def unfinished(home: Home, state: str) -> None:
    """Take away what a run that was killed has not made yet.

    Args:
        state: `finished`; `delivery`, without the report; `tuning`, without what was measured of a fine-tuned model
            either; `base`, without what was measured of a base model.
    """
    of_model = {"tuning": ("sweep", "fine_tuned_models", "metrics"), "base": ("base_metrics",)}.get(state, ())
    of_dataset = () if state == "finished" else ("deployment", "report")
    assets = home.workspace / NAME / "assets"
    for path in (*(f"{asset}/{MODELS[0]}.json" for asset in of_model), *(f"{asset}.json" for asset in of_dataset)):
        (assets / path).unlink()
    for name in REPORT_FILES if of_dataset else ():
        (home.workspace / NAME / name).unlink()


def _forked(home: Home, work: Callable[..., None], arguments: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="fw-outcome-") as name:
        out, err = Path(name) / "out", Path(name) / "err"
        environment = home.environment()
        process = start_process(PRELOAD, "command", _child, home, work, tuple(arguments), str(out), environment)
        process.join(TIMEOUT_SECONDS)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        texts = [path.read_text("utf-8", "replace") if path.exists() else "" for path in (out, err)]
        return Outcome(code, *texts)


def _child(
    home: Home, work: Callable[..., None], arguments: tuple[str, ...], out: str, environment: Mapping[str, str]
) -> None:
    for number, path in ((1, out), (2, f"{out[:-3]}err")):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    reset_signals()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home.folder)
    keep_what_does_not_change()
    try:
        work(home, *arguments)
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001 - the case that is looked for
        traceback.print_exc()
        sys.exit(99)


def _command(home: Home, *arguments: str) -> None:
    from fw_assets.cli import main

    main.main(arguments, prog_name="fw-assets", obj=InProcessPool)


def _tick(home: Home) -> None:
    import dagster as dg

    from fw_assets.pipeline.automation.sensors import phases
    from fw_assets.pipeline.resources import WorkspaceResource
    from fw_assets.pipeline.workflow.instance import OWN

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("datasets", [NAME])
        context = dg.build_sensor_context(instance, resources={"workspace": WorkspaceResource()})
        result: Any = phases(OWN)(context)
        print(result.skip_reason or [request.run_key for request in result.run_requests])


def _counts(home: Home) -> None:
    from fw_assets.embedded import counts

    print(json.dumps(counts(home.platform)))
