"""The address of a Ray cluster, checked before Ray is imported."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from fw_assets.embedded.errors import RpcError, precondition

_CONNECT_SECONDS = 5.0


def check_address(address: str) -> None:
    """Raise where no cluster can be.

    Raises:
        RpcError: FAILED_PRECONDITION where it is no address, INTERNAL where nobody answers.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise precondition(f"FW_RAY_ADDRESS: {address!r}; expected HOST:PORT of a Ray cluster, or ray://HOST:PORT")
    try:
        # Ray itself waits for minutes.
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise unreachable(address, error) from None


def unreachable(address: str, error: Exception) -> RpcError:
    return RpcError(
        "INTERNAL",
        f"FW_RAY_ADDRESS: no Ray cluster answers at {address} ({said(error)}); start one there, or unset the variable, "
        "and resume the job",
    )


def said(error: Exception) -> str:
    """What an error says in one line: of a traceback of the head, the last."""
    text = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return text.strip().rpartition("\n")[2] or "no answer"
