"""API key and signing key of a home, each in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path


def api_key(home: Path) -> str:
    """The key that requests to the platform in `home` must carry; created at first use."""
    return _secret(home / "api_key", "fwl_")


def signing_key(home: Path) -> bytes:
    """The key that signs the platform's upload and download URLs; created at first use."""
    return _secret(home / "signing_key", "").encode()


def _secret(path: Path, prefix: str) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp creates the file with mode 0600; link() fails for all but the first of several processes.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(prefix + secrets.token_urlsafe(32))
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)  # noqa: PTH108
    return path.read_text().strip()
