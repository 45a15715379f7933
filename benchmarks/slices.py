"""False findings about slices of the test rows, and the power to find one that is worse, by simulation.

Run as `python -m benchmarks.slices [REPEATS]`. Rows have four fields of four values each (40, 30, 20 and 10 % of the
rows), so that up to 16 slices are looked at together. Rows are independent; or come in conversations of 4 on average
(geometric) whose rows are right together (intraclass correlation 0.5), with the fields of their conversation, or each
row with its own. "False" is the share of test sets in which any slice is called worse though all are equally good, and
the same for fine-tuned against base; "found" the share in which the slice of 20 % that loses so many points is called
worse. A test of 5 % each, without adjustment, is shown beside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.selection.slice_accuracy import slice_accuracies, slice_changes
from fw_assets.classification.slices.slice_fields import MIN_GROUPS, Slice, SliceField

FIELDS, SHARES = 4, (0.4, 0.3, 0.2, 0.1)
LOSER = "2"
MARGIN = 0.02
CONVERSATION, CORRELATION = 4, 0.5
LOSSES = (0.1, 0.2, 0.3)

Rows = NDArray[np.bool_]


class Sample(NamedTuple):
    """One test set: its rows, and the fields as the plan has them."""

    rows: pl.DataFrame
    fields: tuple[SliceField, ...]


def sample(kind: str, rows: int, accuracy: float, loss: float, random: np.random.Generator) -> Sample:
    """A test set of a base and a fine-tuned model that are equally good but for the slice that loses."""
    groups = np.arange(rows)
    if kind != "independent":
        groups = np.repeat(groups, random.geometric(1 / CONVERSATION, rows))[:rows]
    number = int(groups[-1]) + 1
    values = [
        random.choice(4, rows, p=SHARES) if kind == "fields by row" else random.choice(4, number, p=SHARES)[groups]
        for _ in range(FIELDS)
    ]
    before, after = (_right(kind, groups, number, accuracy, random) for _ in range(2))
    after &= ~((values[0] == int(LOSER)) & (random.random(rows) < loss / accuracy))
    frame = pl.DataFrame({"group": groups.astype(np.uint32), "before": before, "after": after, "right": after})
    slices = pl.DataFrame({f"field {i}": pl.Series(column).cast(pl.String) for i, column in enumerate(values)})
    fields = tuple(_field(slices[name], frame["group"]) for name in slices.columns)
    return Sample(frame.with_columns(slices.to_struct("slices")), fields)


def _right(kind: str, groups: NDArray[np.int64], number: int, accuracy: float, random: np.random.Generator) -> Rows:
    if kind == "independent":
        return random.random(groups.size) < accuracy
    weight = 1 / CORRELATION - 1
    chances = random.beta(accuracy * weight, (1 - accuracy) * weight, number)
    return np.asarray(random.random(groups.size) < chances[groups])


def _field(values: pl.Series, groups: pl.Series) -> SliceField:
    table = pl.DataFrame({"name": values, "group": groups})
    counts = table.group_by("name").agg(pl.len(), pl.col("group").n_unique().alias("groups")).sort("name")
    slices = tuple(
        Slice(name=value, rows=rows, groups=groups, judged=groups >= MIN_GROUPS)
        for value, rows, groups in counts.rows()
    )
    return SliceField(name=values.name, what="value", own=True, slices=slices)


def measure(kind: str, rows: int, accuracy: float, loss: float, repeats: int) -> tuple[float, float, float, float]:
    """Shares of test sets: any false finding, without adjustment, of the two models; and the loser found."""
    random = np.random.default_rng([rows, round(100 * accuracy), round(100 * loss), len(kind)])
    counts = np.zeros(4)
    for _ in range(repeats):
        drawn = sample(kind, rows, accuracy, loss, random)
        if not any(field.judged for field in drawn.fields):
            continue
        found = slice_accuracies(drawn.rows, drawn.fields, MARGIN)
        # A slice that loses makes all others better than the rest, never worse.
        others = [item for item in found if (item.field, item.name) != ("field 0", LOSER) or not loss]
        changes = slice_changes(drawn.rows, drawn.fields, MARGIN) if not loss else ()
        counts += (
            any(item.verdict == "worse" for item in others),
            any(item.p_value < 0.05 and item.difference.value < 0 for item in others),
            any(item.verdict == "worse" for item in changes),
            any(item.verdict == "worse" for item in found if (item.field, item.name) == ("field 0", LOSER)),
        )
    return tuple((counts / repeats).tolist())


def main() -> None:
    """Print the shares of every setting."""
    (repeats,) = positional(__doc__, repeats=400)
    losses = "".join(f"{f'found at -{100 * loss:.0f}':>14}" for loss in LOSSES)
    print(f"{'rows':<16}{'number':>8}{'accuracy':>10}{'false':>8}{'unadjusted':>12}{'false change':>14}{losses}")
    worst = 0.0
    for kind in ("independent", "conversations", "fields by row"):
        for rows in (200, 1000):
            for accuracy in (0.7, 0.95):
                false, plain, change, _ = measure(kind, rows, accuracy, 0.0, repeats)
                found = [measure(kind, rows, accuracy, loss, max(1, repeats // 4))[3] for loss in LOSSES]
                worst = max(worst, false, change)
                power = "".join(f"{share:>14.0%}" for share in found)
                print(
                    f"{kind:<16}{rows:>8}{accuracy:>10.0%}{false:>8.1%}{plain:>12.1%}{change:>14.1%}{power}", flush=True
                )
    error = 2 * (0.05 * 0.95 / repeats) ** 0.5
    print(f"highest false share {worst:.1%}; bound 5 % and {100 * error:.1f} points of simulation error")


if __name__ == "__main__":
    main()
