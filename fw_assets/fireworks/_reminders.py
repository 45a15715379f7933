"""Reminders of long waits: what is waited for and until when, said after half a minute and then ever less often.

They are warnings of the logger `fw_assets.fireworks`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ._logger import log

FIRST_SECONDS = 30.0
LONGEST_GAP_SECONDS = 600.0

_said: dict[str, tuple[float, float]] = {}
"""By what is waited for, when it was last said and the gap until it is said again: a hundred requests wait as one."""


def remind(name: str, state: str, *, waited: float, left: float, now: float) -> None:
    """Say what is waited for, if it is time to.

    Args:
        state: why it is not over.
        waited, left: seconds since the beginning, and until the wait is given up.
        now: of a monotonic clock.
    """
    if waited < FIRST_SECONDS:
        return
    last, gap = _said.get(name, (float("-inf"), 0.0))
    if 0 <= now - last < gap:
        return
    again = waited - FIRST_SECONDS >= gap > 0
    _said[name] = now, min(2 * gap, LONGEST_GAP_SECONDS) if again else FIRST_SECONDS
    end = datetime.now().astimezone() + timedelta(seconds=max(0.0, left))
    log.warning("still waiting for %s, until %s at the latest: %s", name, f"{end:%Y-%m-%d %H:%M}", state.rstrip("."))
