"""False findings about the fields of an answer, and the power to find one that lost, by simulation.

Run as `python -m benchmarks.fields [REPEATS]`. Every row has so many fields, each right in 80 % of the cases; a quarter
of the values are answered anew by the second model, which is as good as the first. The fields of a row are right
independently of each other, or together (intraclass correlation 0.5). "False field" is the share of test sets in which
any field or the whole object is called better or worse, "unadjusted" the same at 5 % each; "false gate" the share in
which all fields together are called better. "Found" is the share in which the one field that lost so many points is
called worse.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.prompting.record_parser import FIELD_ANSWERS
from fw_assets.classification.selection.record_comparison import RecordComparison, compare_records

ACCURACY, CHANGED, CORRELATION = 0.8, 0.25, 0.5
LOSSES = (0.05, 0.1, 0.2)
MARGIN = 0.02

Rights = NDArray[np.bool_]


def compared(kind: str, rows: int, fields: int, loss: float, random: np.random.Generator) -> RecordComparison:
    """One test set: two models that are equally good but for the first field, which loses so many points."""
    chances = np.full((rows, 1), ACCURACY)
    if kind == "together":
        weight = 1 / CORRELATION - 1
        chances = random.beta(ACCURACY * weight, (1 - ACCURACY) * weight, (rows, 1))
    before = random.random((rows, fields)) < chances
    anew = random.random((rows, fields)) < CHANGED
    after = np.where(anew, random.random((rows, fields)) < chances, before)
    after[:, 0] &= random.random(rows) >= loss / ACCURACY
    first, second = (_predictions(right) for right in (before, after))
    return compare_records([first], [second], names=[f"field {i}" for i in range(fields)], margin=MARGIN)


def _predictions(right: Rights) -> pl.DataFrame:
    rows = right.shape[0]
    answers = [[_ANSWERS[int(value)] for value in row] for row in right]
    labels = pl.Series([["a"]] * rows, dtype=pl.List(pl.String))
    return pl.DataFrame(
        {
            "id": [str(row) for row in range(rows)],
            "gold": labels,
            "predicted": labels,
            "outcome": ["correct"] * rows,
            "group": pl.Series(range(rows), dtype=pl.UInt32),
            "fields": pl.Series(answers, dtype=FIELD_ANSWERS),
        }
    )


_ANSWERS = [
    {"gold": '"a"', "predicted": '"a"', "outcome": outcome, "lenient_outcome": outcome}
    for outcome in ("wrong_label", "correct")
]


def measure(kind: str, rows: int, fields: int, loss: float, repeats: int) -> tuple[float, float, float, float]:
    """Shares of test sets: any false field, without adjustment, a false gate; and the loser found."""
    random = np.random.default_rng([rows, fields, round(100 * loss), len(kind)])
    counts = np.zeros(4)
    for _ in range(repeats):
        found = compared(kind, rows, fields, loss, random)
        together = (*found.fields, found.whole)
        counts += (
            any(item.verdict in ("better", "worse") for item in together),
            any(item.p_value < 0.05 for item in together),
            found.mean.verdict == "better",
            found.fields[0].verdict == "worse",
        )
    return tuple((counts / repeats).tolist())


def main() -> None:
    """Print the shares of every setting."""
    (repeats,) = positional(__doc__, repeats=400)
    losses = "".join(f"{f'found at -{100 * loss:.0f}':>14}" for loss in LOSSES)
    print(f"{'fields':<14}{'rows':>6}{'number':>8}{'false field':>13}{'unadjusted':>12}{'false gate':>12}{losses}")
    worst = 0.0
    for kind in ("independent", "together"):
        for rows in (100, 400):
            for fields in (2, 5, 12):
                false, plain, gate, _ = measure(kind, rows, fields, 0.0, repeats)
                worst = max(worst, false, gate)
                found = [measure(kind, rows, fields, loss, max(1, repeats // 4))[3] for loss in LOSSES]
                power = "".join(f"{share:>14.0%}" for share in found)
                print(f"{kind:<14}{rows:>6}{fields:>8}{false:>13.1%}{plain:>12.1%}{gate:>12.1%}{power}", flush=True)
    error = 2 * (0.05 * 0.95 / repeats) ** 0.5
    print(f"highest false share {worst:.1%}; bound 5 % and {100 * error:.1f} points of simulation error")


if __name__ == "__main__":
    main()
