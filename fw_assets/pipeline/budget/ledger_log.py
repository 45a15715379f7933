"""Log of a ledger: one line for each reservation and payment, from which every reader builds the same ledger.

A line is `[KIND, BODY, CHECKSUM]`; those that an earlier version wrote have no checksum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fw_assets.classification.cost.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.values import canonical_json
from fw_assets.workspace.checksums import ChecksumError, checksum
from fw_assets.workspace.workspace import Workspace

APPROVED_ID = "approved"
"""The id in lines of an approval: versions without them read those as the release of an id, which nothing has."""


def reservation_line(reservation: Reservation) -> str:
    return _line("promised", canonical_json(reservation))


def raise_line(id: str, usd: float) -> str:
    return _line("raised", canonical_json({"id": id, "usd": usd}))


def release_line(id: str) -> str:
    return _line("released", canonical_json({"id": id}))


def approval_line(usd: float, by: str, at: str) -> str:
    """A person's yes to US dollars in all, above the ceiling of the plan."""
    return _line("approved", canonical_json({"id": APPROVED_ID, "usd": usd, "by": by, "at": at}))


def payment_line(entry: LedgerEntry) -> str:
    return _line("paid", canonical_json(entry))


def parse_ledger(lines: Iterable[str], log: str = "ledger") -> Ledger:
    """The ledger that the lines of a log add up to; its ceiling is what was approved above that of the plan, if any.

    By the rules of `Ledger`, but without a new ledger per line: the time is linear in the lines.

    Args:
        log: the file, which an error names.

    Raises:
        InputError: a line is damaged.
    """
    entries: dict[str, LedgerEntry] = {}
    reservations: dict[str, Reservation] = {}
    ceiling: float | None = None
    for number, line in enumerate(lines, 1):
        try:
            kind, body = _parse_line(line)
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            raise _damaged(log, number, error) from error
        if kind == "paid":
            if body.id not in entries:
                entries[body.id] = body
                reservations.pop(body.id, None)
        elif kind == "promised":
            if body.id not in entries:
                reservations.setdefault(body.id, body)
        elif kind == "raised":
            if reserved := reservations.get(body["id"]):
                reservations[reserved.id] = reserved.model_copy(update={"usd": max(reserved.usd, body["usd"])})
        elif kind == "approved":
            ceiling = max(ceiling or 0.0, body["usd"])
        else:
            reservations.pop(body["id"], None)
    return Ledger(ceiling=ceiling, entries=tuple(entries.values()), reservations=tuple(reservations.values()))


def read_ledger(store: Workspace, *path: str) -> Ledger:
    """The ledger of a log in the workspace; empty if there is none.

    Raises:
        InputError: a line is damaged.
    """
    return parse_ledger(store.lines(*path), store.url(*path))


def _line(kind: str, body: str) -> str:
    content = f'["{kind}",{body}'
    return f'{content},"{checksum(content.encode("utf-8", "surrogatepass"))}"]'


def _parse_line(line: str) -> tuple[str, Any]:
    kind, body, *sums = msgspec.json.decode(line, type=list[Any])
    if sums and line != f'{line[: -len(_END)]},"{checksum(line[: -len(_END)].encode("utf-8", "surrogatepass"))}"]':
        raise ChecksumError
    if kind == "paid":
        return kind, LedgerEntry.model_validate(body)
    return kind, Reservation.model_validate(body) if kind == "promised" else body


_END = ',"00000000"]'


def _damaged(log: str, number: int, error: Exception) -> InputError:
    problem = Problem(kind="workspace", file=log, line=number, message=f"the line is damaged ({_first_line(error)})")
    return InputError(
        [problem],
        advice="It holds what was promised or paid. Put a copy of the file back. Without one, move the file away: the "
        "steps whose payments it held find what they made, ask nothing a second time, and record it again; what was "
        "held for work that never ended is then held no longer.",
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
