"""The rule by which a plan is approved without a person."""

from __future__ import annotations

from collections.abc import Collection


def approves_itself(limit_usd: float | None, high_usd: float, lower_bound: bool, unused: Collection[str]) -> bool:
    """Whether the session's limit covers all that a plan can cost, and every clause of the instruction was used.

    Args:
        limit_usd: the session's `auto_approve_up_to_usd`; None never approves.
        high_usd: the estimate's high figure.
        lower_bound: a price is unknown, so that `high_usd` is not a bound on the cost.
        unused: clauses of the instruction that set no field, any of which could have forbidden the run.
    """
    return limit_usd is not None and not lower_bound and high_usd <= limit_usd and not unused
