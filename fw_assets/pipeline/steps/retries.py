"""The failure policy applied to Dagster's steps: what fails a run, what it says, and what is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from fw_assets.classification.errors import InputError
from fw_assets.classification.visible_text import printable
from fw_assets.pipeline.errors.phase import NotAnAnswer, first_error
from fw_assets.pipeline.failures import EXPECTED_ERRORS, MAX_RETRIES, is_transient, message_of, retry_delay
from fw_assets.pipeline.ui.metadata import Row, table


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turn expected errors into Dagster failures that say what to do, without a traceback."""
    try:
        yield
    except EXPECTED_ERRORS as error:
        raise dagster_failure(error) from error
    except ExceptionGroup as group:
        first = first_error(group)
        raise dagster_failure(first) from first


@contextmanager
def refusals() -> Iterator[None]:
    """Fail the run with the sentence that says why an answer is none."""
    try:
        yield
    except NotAnAnswer as error:
        raise dg.Failure(str(error), allow_retries=False) from error


@contextmanager
def retry_transient(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Retry transient errors; let permanent ones fail with advice.

    Not a `RetryPolicy`: Dagster applies that to a run that a person terminates too, which then goes on.
    """
    try:
        with readable_failures():
            yield
    except Exception as error:
        permanent = isinstance(error, dg.Failure) and not error.allow_retries
        if permanent or context.retry_number >= MAX_RETRIES:
            raise
        delay = retry_delay(context.retry_number)
        raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=delay) from error


def dagster_failure(error: Exception) -> dg.Failure:
    """The failure that the UI shows for an error, with a table of its problems where it has several."""
    if not isinstance(error, InputError):
        return dg.Failure(printable(message_of(error)), allow_retries=is_transient(error))
    rows: list[Row] = [
        {"file": p.file, "line": p.line, "field": p.field, "problem": p.message, "kind": p.kind} for p in error.problems
    ]
    metadata: dict[str, dg.TableMetadataValue | int] = {"problems": table(rows), "problems_in_all": error.total}
    return dg.Failure(printable(str(error)), metadata=metadata, allow_retries=False)
