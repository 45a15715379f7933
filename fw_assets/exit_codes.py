"""What `fw-assets` ends with: 0 done, 1 failed, 2 bad input, 3 waiting for approval, 4 incomplete, 130 interrupted."""

from __future__ import annotations

DONE, FAILED, BAD_INPUT, WAITING, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def exit_code_of(error: BaseException) -> int:
    """The exit code that a script should see for an error."""
    from fw_assets.classification.cost.ledger import CeilingReached
    from fw_assets.classification.errors import InputError
    from fw_assets.fireworks import ConnectionFailed, RateLimited, ServerError, WaitTimeout
    from fw_assets.pipeline.errors import NotApproved, RunStopped, StepFailed, Unanswered

    if isinstance(error, StepFailed):
        return error.exit_code
    cause = error.__cause__ or error
    if isinstance(cause, InputError):
        return BAD_INPUT
    if isinstance(cause, NotApproved):
        return WAITING
    stopped = CeilingReached | RunStopped | Unanswered | ConnectionFailed | RateLimited | ServerError | WaitTimeout
    if isinstance(cause, stopped):
        return INCOMPLETE
    return FAILED
