"""Slices of the test rows by one field, as the plan shows them."""

from __future__ import annotations

from fw_assets.classification.values import Frozen

MIN_GROUPS = 20
"""Distinct test rows of a slice that can be judged, and of the rest: on fewer, an accuracy of 85 % has a 95 % interval
of more than 15 points each way."""
MAX_JUDGED = 50
"""Slices of one field that are judged: each more makes it harder to show anything of any."""


class Slice(Frozen):
    """Test rows with the same value of a field; `groups` of the rows are distinct."""

    name: str
    rows: int
    groups: int
    judged: bool


class SliceField(Frozen):
    """A field that the session names, with its slices.

    Attributes:
        name: as the session has it; what: what the slices are of, such as `script` or `characters`.
        own: whether the rows have a field of this name.
        slices: bins in ascending order, else the largest first; empty where there is nothing to compare.
        hidden: slices beyond those that are listed, none of them judged.
        note: what is remarkable, in one sentence; empty where nothing is.
    """

    name: str
    what: str
    own: bool
    slices: tuple[Slice, ...] = ()
    hidden: int = 0
    note: str = ""

    @property
    def judged(self) -> tuple[Slice, ...]:
        return tuple(item for item in self.slices if item.judged)
