"""Looks at the test rows in report.json: the plans that have shown figures of the same rows."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class Look(Frozen):
    """A plan whose figures of the test rows were shown.

    Attributes:
        test_digest: of the test rows; plan: the plan's digest; at: when they were first shown, ISO 8601.
        extra_reads: times that a model answered all of them again, for a learning curve or a null control.
        shared: of the report's test rows those that it has shown; null where it has shown all of them, in reports of
            before looks were counted by row, and in the ledger.
    """

    test_digest: str
    plan: str
    dataset: str
    at: str
    extra_reads: int = 0
    shared: int | None = None


class Looks(Frozen):
    """The place of this plan among all looks of its workspace at any of the same test rows, and those before it.

    `seen`: of the test rows those that any of the earlier looks has shown; null without such a look, and in reports of
    before looks were counted by row.
    """

    number: int
    earlier: tuple[Look, ...] = ()
    seen: int | None = None
