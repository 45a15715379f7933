"""What an answer has to say: whose it is, and the digest of what was looked at."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from fw_assets.pipeline.errors.phase import NotAnAnswer

Decision = Literal["approved", "rejected"]


def check_version(named: str, current: str, thing: str, *, where: str, again: str) -> None:
    """Refuse an answer that is not to the version of now: whoever has not seen it cannot name its digest.

    Args:
        named: the digest that the answer names, as `where` says it can be found.
        current: digest of the version of now.
        thing: what is answered, such as `the plan of tickets`.
        again: what to do when it is another by now.

    Raises:
        NotAnAnswer: it names none, or another.
    """
    if not named.strip():
        raise NotAnAnswer(f"an answer is to one version of {thing}, and names its digest: {where}")
    if named.strip() != current:
        raise NotAnAnswer(f"{thing} is now {current}, not {named}: {again}")


def check_person(name: str) -> None:
    """Refuse an answer that is nobody's.

    Raises:
        NotAnAnswer: it is.
    """
    if not name.strip():
        raise NotAnAnswer("approved_by is empty: say who answers")


def now() -> str:
    """The time of an answer, RFC 3339 in UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
