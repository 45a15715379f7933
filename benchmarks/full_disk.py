"""A disk that is full, in turn under the workspace, the platform, Dagster's records and the temporary files.

python -m benchmarks.full_disk [ONLY]

Each case mounts a small file system (tmpfs, which needs root) under one of the four folders, or limits the size of
files (`ulimit -f`), and runs a whole workflow: it has to end in sentences that name the folder. Then space is given,
and the same command runs again: it has to end with an equal report, with nothing made twice on the platform, and with
a ledger that holds what an undisturbed run's does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.arguments import positional
from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.damage import MADE, NAME, Home, finished_run

MODELS = ("char-ngram",)
SIZES: Mapping[str, tuple[str, ...]] = {
    "workspace": ("16k", "64k", "128k", "256k", "384k", "512k"),
    "platform": ("16k", "64k", "256k", "512k", "1m", "2m"),
    "dagster": ("64k", "512k", "1m", "2m"),
    "temporary": ("16k", "64k"),
    "file size": ("2000", "20000", "80000", "120000", "400000"),
}
"""By what is full: sizes of its file system; bytes of the largest file."""
TIMEOUT_SECONDS = 420.0
ROOM = "256m"


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def give_space(folder: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={ROOM}", str(folder)], check=True)


def workflow(
    home: Home, environment: Mapping[str, str], limit: Callable[[], None] | None = None
) -> tuple[int | None, str]:
    """(exit code, standard error) of the command in a process of its own; no code where it did not end."""
    models = [part for model in home.models for part in ("--model", model)]
    command = [sys.executable, "-m", "fw_assets", "run", str(home.data), *models, "--approve", "--yes"]
    try:
        done = subprocess.run(
            command,
            cwd=home.folder,
            env={**home.environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            preexec_fn=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return None, str(error.stderr)
    return done.returncode, done.stderr


def payments(home: Home) -> Counter[str]:
    """How many payments each line of the estimate has."""
    store, keys = Workspace(str(home.workspace)), Counter[str]()
    for name in store.names(NAME, "ledger"):
        if name.endswith(".jsonl"):
            keys.update(entry.key for entry in read_ledger(store, NAME, "ledger", name).entries)
    return keys


def tried(base: Home, full: str, size: str) -> tuple[str, str]:
    """(class, what was said) of one case."""
    with tempfile.TemporaryDirectory(prefix="fw-full-") as name:
        home = Home(Path(name), MODELS)
        home.data.write_bytes(base.data.read_bytes())
        folders = {folder: home.folder / folder for folder in ("workspace", "platform", "dagster", "temporary")}
        for folder in folders.values():
            folder.mkdir()
        environment = {"TMPDIR": str(folders["temporary"])}
        if full == "dagster":
            environment["DAGSTER_HOME"] = str(folders["dagster"])
        if full == "file size":
            largest = int(size)
            code, said = workflow(
                home, environment, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
            )
            return verdict(base, home, code, said, workflow(home, environment))
        with mounted(folders[full], size):
            code, said = workflow(home, environment)
            give_space(folders[full])
            return verdict(base, home, code, said, workflow(home, environment))


def verdict(base: Home, home: Home, code: int | None, said: str, after: tuple[int | None, str]) -> tuple[str, str]:
    text = said[-900:] + "\n-- with space --\n" + after[1][-600:]
    if code is None or after[0] is None:
        return "did not end", text
    if "Traceback" in said or "Traceback" in after[1]:
        return "traceback", text
    if after[0] != 0:
        return "does not go on", text
    # A job that failed for want of space has a successor, under another id, and both are in the ledger.
    failed = said.count("ended FAILED")
    if home.report_without_ids() != base.report_without_ids():
        return "another report", text
    made, undisturbed = home.made(), base.made()
    undisturbed["supervisedFineTuningJobs"] += failed
    if any(made[kind] != undisturbed[kind] for kind in MADE):
        return f"made {made}", text
    more = payments(home) - payments(base)
    if payments(base) - payments(home) or more.total() > failed:
        return "another ledger", text
    left = [path for folder in (home.workspace, home.platform) for path in folder.rglob("*.tmp")]
    if left:
        return f"leaves {left[0].name}", text
    if code == 0:
        return "had room enough", text
    return ("one sentence, then an equal report" if str(home.folder) in said else "does not name the folder"), text


GOOD = ("had room enough", "one sentence, then an equal report")


def main(only: str = "") -> int:
    """Run it, and print what happened; 1 if a case did not survive."""
    started = time.monotonic()
    cases = [(full, size) for full, sizes in SIZES.items() for size in sizes if only in full]
    if os.geteuid() != 0:
        print("only root may mount file systems: the limit of the size of files alone is tried")
        cases = [case for case in cases if case[0] == "file size"]
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fw-full-") as name:
        base = finished_run(Path(name) / "base", MODELS)
        for full, size in cases:
            result, said = tried(base, full, size)
            counted[result] += 1
            print(f"{result:<36} {full} {size}", flush=True)
            if result != GOOD[0]:
                print("    " + said.strip().replace("\n", "\n    "), flush=True)
    print(f"\n{len(cases)} cases in {time.monotonic() - started:.0f} s")
    print(json.dumps(counted, indent=2))
    return int(any(result not in GOOD for result in counted))


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, only="")))
