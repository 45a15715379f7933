"""Looks at the test rows in report.json: the plans that have shown figures of the same rows."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class Look(Frozen):
    """A plan whose figures of the test rows were shown.

    Attributes:
        test_digest: of the test rows; plan: the plan's digest; at: when they were first shown, ISO 8601.
        extra_reads: times that a model answered all of them again, for a learning curve or a null control.
    """

    test_digest: str
    plan: str
    dataset: str
    at: str
    extra_reads: int = 0


class Looks(Frozen):
    """The place of this plan among all looks of its workspace at the same test rows, and those before it."""

    number: int
    earlier: tuple[Look, ...] = ()
