"""Get or create, under an id that the caller chose: whatever is lost on the way, one resource or one error."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from ._errors import AlreadyExists, ConflictError, FireworksError, NotFound
from ._http import HttpClient
from ._logger import log
from ._retry import Backoff, outcome_unknown, retrying

R = TypeVar("R")

UNREADABLE_BACKOFF = Backoff(first=0.5, growth=2.0, longest=8.0, budget=30.0)
"""How long an id that is taken may stay unreadable."""


async def get_or_create(
    http: HttpClient,
    name: str,
    *,
    fetch: Callable[[], Awaitable[R]],
    create: Callable[[], Awaitable[R]],
    differences: Callable[[R], Mapping[str, tuple[Any, Any]]],
) -> R:
    """The resource: the existing one when it is what was asked for, else a new one.

    Every create is preceded by a look, so a create whose response was lost is never repeated blindly; and since
    the id is part of the request, one that arrives late meets the platform's own "already exists".

    Raises:
        ConflictError: it exists and differs, or its id is taken by something that cannot be read.
    """

    async def look_then_create() -> R:
        try:
            existing = await fetch()
        except NotFound:
            log.info("%s: creating", name)
            return await create()
        unequal = differences(existing)
        if unequal:
            raise ConflictError(name, unequal)
        log.info("%s: exists, adopted", name)
        return existing

    def backoff_for(error: FireworksError) -> Backoff | None:
        if isinstance(error, AlreadyExists):
            return UNREADABLE_BACKOFF
        return http.retry_policy.backoff_for(error) if outcome_unknown(error) else None

    try:
        return await retrying(look_then_create, backoff_for, http.clock, name)
    except AlreadyExists as error:
        taken = error
    raise ConflictError(name, {}, f"its id is taken, but it cannot be read: {taken.detail}")


def unequal_fields(
    requested: Mapping[str, Any], existing: Mapping[str, Any], always_shown: Iterable[str]
) -> dict[str, tuple[Any, Any]]:
    """The fields of `requested` that `existing` contradicts, as (requested, existing); None requests nothing.

    proto3 JSON leaves out zero values, so absence equals zero for the fields in `always_shown`; other fields
    that the platform does not show are not compared. Numbers are compared at single precision.
    """
    shown = set(always_shown)
    unequal: dict[str, tuple[Any, Any]] = {}
    for field, value in requested.items():
        current = existing.get(field)
        if value is None or (current is None and field not in shown):
            continue
        if not _equal(value, current):
            unequal[field] = (value, current)
    return unequal


def _equal(requested: Any, existing: Any) -> bool:
    if not requested and not existing:
        return True
    if isinstance(requested, int | float) and not isinstance(requested, bool):
        try:
            return math.isclose(float(requested), float(existing), rel_tol=1e-6)
        except (TypeError, ValueError):
            return False
    return bool(requested == existing)
