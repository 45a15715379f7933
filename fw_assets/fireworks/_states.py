"""Job states, whatever form they arrive in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

_NUMBERED = (
    "UNSPECIFIED",
    "CREATING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "DELETING",
    "WRITING_RESULTS",
    "VALIDATING",
)


def job_state(value: Any) -> str:
    """A state without its prefix. States arrive as `JOB_STATE_RUNNING`, `RUNNING` or the enum's number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERED[value] if 0 <= value < len(_NUMBERED) else f"UNKNOWN_{value}"
    return str(value).upper().removeprefix("JOB_STATE_")


JobState = Annotated[str, BeforeValidator(job_state)]
"""RUNNING, COMPLETED, ...; names this client does not know are kept."""
