"""Gate policy: the conditions under which a fine-tuned model may replace the best model that needs no tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from fw_assets.classification.values import Frozen


class GatePolicy(Frozen):
    """The conditions, apart from the session's `margin`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    rule: Literal["superiority", "non-inferiority"] = "superiority"
    """`superiority`: it is shown to be better. `non-inferiority`: a loss of the session's `margin` or more is ruled
    out."""
    label_loss: float = Field(0.1, ge=0, le=1)
    """The F1 that no label may lose, from 0 to 1. A loss counts where it is more than chance."""
    label_rows: int = Field(20, ge=1, le=1_000_000)
    """Labels with fewer distinct test rows are not checked for losses."""
    alpha: float = Field(0.05, gt=0, le=0.5)
    """The probability, at most, of an objection where no label lost anything, over all labels together."""
