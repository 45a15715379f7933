"""Terminals that tests read."""

from __future__ import annotations

import selectors


def is_readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or the other end is closed, within so many seconds."""
    # `select.select` takes no descriptor above 1023.
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(seconds))
