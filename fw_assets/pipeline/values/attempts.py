"""Ends of attempts on the platform."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ending:
    """The end of a resource without its result.

    Attributes:
        state: as the platform names it; `DELETED` for everything that is gone.
        code: of the status; reason: its message.
        idle: it had served, and was removed since: bringing it back repeats no failure.
    """

    state: str
    code: str = ""
    reason: str = ""
    idle: bool = False
