"""Ports to listen on: where one cannot be used, the next one that can is named."""

from __future__ import annotations

import errno
import os
import socket

_SEARCHED = 100


def listener(host: str, port: int, choose: str) -> socket.socket:
    """The socket to serve on, before anybody is told that it is served.

    Args:
        choose: the options and variables that choose another port.

    Raises:
        OSError: it cannot be listened on; the message says what to do.
    """
    try:
        return _bound(host, port)
    except OSError as error:
        reason, free = os.strerror(error.errno or 0), _next_free(host, port, error)
        example = f"; {free} is free" if free else ""
        raise OSError(
            f"port {port} of {host} cannot be used ({reason}): choose another with {choose}{example}"
        ) from None


def _next_free(host: str, port: int, error: OSError) -> int | None:
    """The next port that can be listened on; None where the fault is not the port's, or all are taken."""
    if error.errno not in (errno.EADDRINUSE, errno.EACCES):
        return None
    others = range(port + 1, min(port + _SEARCHED, 65536))
    return next((other for other in others if _is_free(host, other)), None)


def _is_free(host: str, port: int) -> bool:
    try:
        _bound(host, port).close()
    except OSError:
        return False
    return True


def _bound(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
