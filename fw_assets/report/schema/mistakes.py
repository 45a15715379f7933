"""What mistakes cost, by the session's costs, in report.json. All costs are in the session's unit, for 1,000 rows."""

from __future__ import annotations

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import Kind


class ModelMistakes(Frozen):
    """The expected cost of one model's, or baseline's, mistakes on the test rows."""

    name: str
    kind: Kind
    cost: float
    interval: Bounds


class CostChoice(Frozen):
    """The best fine-tuned model against the best that needs no tuning, both by the validation rows.

    `saved` is the cost of the first less that of the second. `p_value` is of the sign-flip test of whole groups on the
    mistakes that the rows show; the interval inverts it and is wider by what mistakes cost that they do not show.
    `verdict`, by the interval: "better" where the second is cheaper; `margin`: the loss that does not matter. `unseen`:
    by the mistakes that were seen alone it would be another one, so that `p_value` does not go with it. `absent`:
    labels without test rows.
    """

    first: str
    second: str
    before: float
    after: float
    saved: float
    interval: Bounds
    p_value: float
    margin: float
    verdict: Verdict
    unseen: bool = False
    absent: tuple[str, ...] = ()


class MistakeCostsResult(Frozen):
    """Every model and baseline; `constant` is the label that costs least if it is always given.

    `free`: the model in use against the baseline that it is compared with by accuracy, which is the first of the two;
    null in reports of before it was kept.
    """

    models: tuple[ModelMistakes, ...]
    constant: str
    constant_cost: float
    choice: CostChoice | None = None
    free: CostChoice | None = None
