"""API key and signing key of a home, each in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

MIN_SECRET_LENGTH = 32


def api_key(home: Path) -> str:
    """The key that requests to the platform in `home` must carry; created at first use."""
    return secret_in(home / "api_key", "fwl_")


def signing_key(home: Path) -> bytes:
    """The key that signs the platform's upload and download URLs; created at first use."""
    return secret_in(home / "signing_key").encode()


class BrokenSecretError(OSError):
    """A secret file that protects nothing."""


def secret_in(path: Path, prefix: str = "") -> str:
    """The secret of a file; created at first use."""
    try:
        return _read(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp creates the file with mode 0600; link() fails for all but the first of several processes.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(prefix + secrets.token_urlsafe(32))
            file.flush()
            # A power cut must not leave the name of an empty file: an empty key is one that everybody has.
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)  # noqa: PTH108
    return _read(path)


def _read(path: Path) -> str:
    """A secret.

    Raises:
        BrokenSecretError: it is shorter than a secret may be, or what a crash has left: blocks of NUL are no secret.
    """
    secret = path.read_text("utf-8", "replace").strip()
    what = ""
    if len(secret) < MIN_SECRET_LENGTH:
        what = f"{len(secret)} characters, and a key has at least {MIN_SECRET_LENGTH}"
    elif not secret.isascii() or not secret.isprintable() or " " in secret:
        what = "characters that no key has"
    if what:
        raise BrokenSecretError(
            f"{path} holds {what}: delete the file, "
            "and a new key is made; requests under way with the old one are then refused"
        )
    return secret
