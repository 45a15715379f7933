"""Damaged and open key files, and keys that several processes make at once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.trial import Trial, ended
from fw_assets.exit_codes import DONE
from fw_assets_tests.browser.conftest import free_ports

MAKERS = 8
MAKE = "import sys; from pathlib import Path; from fw_assets.embedded import api_key; print(api_key(Path(sys.argv[1])))"


def _is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _leads_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nonexistent/key")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "a line break": lambda path: path.write_bytes(b"\n"),
    "short": lambda path: path.write_bytes(b"fwl_short"),
    "31 characters": lambda path: path.write_bytes(b"x" * 31),
    "blanks": lambda path: path.write_bytes(b" " * 64),
    "NUL": lambda path: path.write_bytes(b"\0" * 64),
    "not UTF-8": lambda path: path.write_bytes(b"\xff" * 64),
    "two lines": lambda path: path.write_bytes(b"a" * 40 + b"\n" + b"b" * 40),
    "a folder": _is_a_folder,
    "a link to nothing": _leads_nowhere,
}


def secret_files(attacks: Attacks) -> None:
    """A server with a key that protects nothing must not start, and says in one sentence why."""
    for name in ("api_key", "signing_key"):
        for damage, apply in DAMAGES.items():
            with attacks.attack(f"{name}: {damage}"):
                trial = Trial(attacks.new_folder(name))
                _make_keys(trial)
                apply(trial.workspace / ".platform" / name)
                (port,) = free_ports(1)
                done = trial.finish("serve", "--port", str(port), seconds=60)
                require(done.code not in (DONE, -9), f"ends with {done.message}")
                require(name in done.output, f"does not say which file: {done.message}")
    with attacks.attack(f"{MAKERS} processes that make the keys at once"):
        trial = Trial(attacks.new_folder("race"))
        makers = [
            subprocess.Popen(
                [sys.executable, "-c", MAKE, str(trial.workspace / ".platform")],
                env=trial.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for _ in range(MAKERS)
        ]  # fmt: skip
        keys = {ended(maker).output.strip() for maker in makers}
        require(len(keys) == 1 and len(keys.pop()) > 32, "not all have the same key")
    for umask in (0o000, 0o022, 0o077, 0o777):
        with attacks.attack(f"keys made under the umask {umask:03o}"):
            trial = Trial(attacks.new_folder("umask"))
            _make_keys(trial, umask)
            for name in ("api_key", "signing_key"):
                mode = stat.S_IMODE((trial.workspace / ".platform" / name).stat().st_mode)
                require(mode & 0o077 == 0, f"{name} has the mode {mode:03o}")


def _make_keys(trial: Trial, umask: int | None = None) -> None:
    code = MAKE + "; from fw_assets.embedded.store.secret_files import signing_key; signing_key(Path(sys.argv[1]))"
    home = trial.workspace / ".platform"
    home.mkdir(parents=True)
    subprocess.run(
        [sys.executable, "-c", code, str(home)],
        env=trial.environment,
        check=True,
        capture_output=True,
        preexec_fn=None if umask is None else lambda: os.umask(umask) and None,
    )
