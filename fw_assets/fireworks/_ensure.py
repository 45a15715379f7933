"""Get or create, under an id the caller chose: whatever is lost on the way, one resource or one error."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from ._clock import Clock
from ._errors import AlreadyExists, ConflictError, NotFound
from ._retry import Backoff, RetryPolicy, log, outcome_unknown, retrying

R = TypeVar("R")

UNREADABLE = Backoff(first=0.5, growth=2.0, longest=8.0, budget=30.0)
"""How long an id that is taken may stay unreadable."""


async def ensure(
    what: str,
    *,
    fetch: Callable[[], Awaitable[R]],
    create: Callable[[], Awaitable[R]],
    differences: Callable[[R], Mapping[str, tuple[Any, Any]]],
    clock: Clock,
    patience: RetryPolicy,
) -> R:
    """The resource: the existing one when it is what was asked for, else a new one.

    Every create is preceded by a look, so a create whose answer was lost is never repeated blindly; and since
    the id is part of the request, one that arrives late meets the platform's own "already exists".

    Raises:
        ConflictError: it exists and differs, or its id is taken by something that cannot be read.
    """

    async def look_then_create() -> R:
        try:
            found = await fetch()
        except NotFound:
            log.info("%s: creating", what)
            return await create()
        unequal = differences(found)
        if unequal:
            raise ConflictError(what, unequal)
        log.info("%s: exists, adopted", what)
        return found

    def backoff(error: BaseException) -> Backoff | None:
        if isinstance(error, AlreadyExists):
            return UNREADABLE
        return patience.of(error, cold=False) if outcome_unknown(error) else None

    try:
        return await retrying(look_then_create, backoff, clock, what)
    except AlreadyExists as error:
        taken = error
    raise ConflictError(what, {}, f"its id is taken, but it cannot be read: {taken.detail}")


def unequal_fields(
    asked: Mapping[str, Any], found: Mapping[str, Any], always_shown: Iterable[str]
) -> dict[str, tuple[Any, Any]]:
    """The fields of `asked` that `found` contradicts, as (asked, found); None asks for nothing.

    proto3 JSON leaves out zero values, so absence equals zero for the fields in `always_shown`; other fields
    that the platform does not show are not compared. Numbers are compared at single precision.
    """
    shown = set(always_shown)
    unequal: dict[str, tuple[Any, Any]] = {}
    for field, wanted in asked.items():
        present = found.get(field)
        if wanted is None or (present is None and field not in shown):
            continue
        if not _equal(wanted, present):
            unequal[field] = (wanted, present)
    return unequal


def _equal(wanted: Any, present: Any) -> bool:
    if not wanted and not present:
        return True
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        try:
            return math.isclose(float(wanted), float(present), rel_tol=1e-6)
        except (TypeError, ValueError):
            return False
    return bool(wanted == present)
