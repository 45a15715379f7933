"""Choices and sentences that rest on verdicts, beside the version before, by simulation.

Run as `python -m benchmarks.choices [gate|need|power|learning|ties] [DRAWS]`; all five without a name.

gate: a weak base model that can be fine-tuned, and a strong one that cannot. Before, a tuned winner was held against
its own base model alone. need: a model that is truly better than a free baseline. Before, not shown better was not
needed. power: the difference that so many rows are said to show in four of five runs, and how many do. Before,
Connor's formula (Biometrics 43, 1987). learning: the last step of a learning curve. Before, its interval alone
against the figure before. ties: two models with equal figures on the validation rows, one of them truly better by
3 points or both equally good and one cheaper. Before, the first by name won, and no tie was called one. Every row is a
group of its own, and models err independently unless a discordance is given.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.comparison import at_least, at_most, heading, line, table
from fw_assets.classification.gate.deploy_gate import gate
from fw_assets.classification.intervals import normal_quantile, wilson
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.power import ASSUMED_DISCORDANCE, smallest_detectable_difference
from fw_assets.classification.selection.selection import Candidate, choose_winner
from fw_assets.classification.selection.sign_flip import difference_interval, independent, sign_flip_test
from fw_assets.classification.selection.verdict import verdict
from fw_assets.classification.session import DEFAULT_MARGIN
from fw_assets.report.assembly.baselines import need as is_needed
from fw_assets_tests.classification.prediction_frames import frame

Right = NDArray[np.bool_]
LABELS = ("a", "b")


class Pair(NamedTuple):
    """Numbers of rows that both models, only the second, only the first, and none gets right."""

    both: int
    gained: int
    lost: int
    neither: int


def predictions(right: Right) -> pl.DataFrame:
    """Predictions of two labels in turn, right where it says so."""
    gold = [LABELS[row % 2] for row in range(right.size)]
    other = dict(zip(LABELS, LABELS[::-1], strict=True))
    return frame([([label], [label if hit else other[label]]) for label, hit in zip(gold, right.tolist(), strict=True)])


def compared(first: Right, second: Right, resamples: int = 0) -> Comparison:
    return compare(predictions(first), predictions(second), labels=LABELS, resamples=resamples, test_f1=bool(resamples))


def pairs(rows: int, difference: float, discordance: float, number: int) -> Iterator[Pair]:
    """Comparisons of two models of which the second is better by `difference`, the first right on 75 %."""
    generator = np.random.default_rng(1)
    gain, loss = (discordance + difference) / 2, (discordance - difference) / 2
    for drawn in generator.multinomial(rows, (0.75 - loss, gain, loss, 0.25 - gain), number).tolist():
        yield Pair(*drawn)


def gate_choice(number: int) -> None:
    """The worse model deployed: fine-tuned 90 %, from a base model of 60 %, beside one that cannot be tuned."""
    table("A fine-tuned model is deployed that is worse than, or as good as, a base model that is there", number)
    heading("validation and test rows", "other base", "before", "now", "target")
    for rows in (200, 1000):
        for other in (0.92, 0.90):
            generator = np.random.default_rng(2)
            deployed = np.zeros(2)
            for _ in range(number):
                shares = {"weak": 0.6, "tuned": 0.9, "strong": other}
                seen = {name: float((generator.random(rows) < share).mean()) for name, share in shares.items()}
                test = {name: generator.random(rows) < share for name, share in shares.items()}
                winner = choose_winner(
                    [
                        Candidate(model="weak", kind="base", validation=wilson(round(seen["weak"] * rows), rows)),
                        Candidate(model="weak", kind="tuned", validation=wilson(round(seen["tuned"] * rows), rows)),
                        Candidate(model="strong", kind="base", validation=wilson(round(seen["strong"] * rows), rows)),
                    ]
                )
                if winner.kind == "tuned":
                    own, best = (compared(test[name], test["tuned"]) for name in ("weak", str(winner.untuned)))
                    deployed += (own.verdict == "better", gate(winner, best).deploys)
            before, now = (deployed / number).tolist()
            line(f"{rows:,}", f"{100 * other:.0f} %", before, now, at_most(now, 0.025, number))
            print()


def need(number: int) -> None:
    """No language model needed, said of one that is 5 points better than the baseline, and of one that is as good."""
    table("'No language model is needed', of a model that is 5 points better than the baseline", number)
    heading("test rows", "before", "now", "target", "of twins, now")
    for rows in (50, 100, 191, 500, 4000):
        said = np.zeros(3)
        generator = np.random.default_rng(3)
        for pair in pairs(rows, 0.05, 0.2, number):
            order = generator.permutation(rows)
            first, second = _rows(pair, order)
            judged = compared(first, second, resamples=200)
            said += (judged.verdict != "better" and judged.p_value >= 0.05, is_needed(judged) == "no", 0)
        said[2] = number * (is_needed(compared(first, first, resamples=200)) == "no")
        before, now, twins = (said / number).tolist()
        line(f"{rows:,}", before, now, at_most(now, 0.025, number), twins)
        print()


def _rows(pair: Pair, order: NDArray[np.int64]) -> tuple[Right, Right]:
    """Whether each row is right, by the first and by the second model."""
    kinds = np.repeat(np.arange(4), pair)[order]
    return (kinds == 0) | (kinds == 2), kinds <= 1


def power(number: int) -> None:
    """The difference that is said to be shown in four of five runs."""
    table("Runs that show the difference that the plan says four of five show (20 % of the rows discordant)", number)
    heading("test rows", "said before", "shown", "said now", "shown", "target")
    for rows in (5, 10, 30, 77, 191, 1000):
        said = connor(rows), smallest_detectable_difference(rows)
        shown = [_shown(rows, difference, number) for difference in said]
        texts = ["never" if math.isinf(difference) else f"{100 * difference:.1f} points" for difference in said]
        target = "never" if math.isinf(said[1]) else at_least(shown[1], 0.8, number)
        line(f"{rows:,}", texts[0], shown[0], texts[1], shown[1], target)
        print()


def connor(rows: int, power: float = 0.8) -> float:
    """The difference for which Connor's formula asks this number of rows."""
    deviates = normal_quantile(0.95), normal_quantile(2 * power - 1)
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        rate = max(ASSUMED_DISCORDANCE, middle)
        needed = (deviates[0] * math.sqrt(rate) + deviates[1] * math.sqrt(max(0.0, rate - middle**2))) ** 2 / middle**2
        low, high = (low, middle) if needed <= rows else (middle, high)
    return high


def _shown(rows: int, difference: float, number: int) -> float:
    if math.isinf(difference):
        return 0.0
    rate = max(ASSUMED_DISCORDANCE, difference)
    gain, loss = (rate + difference) / 2, (rate - difference) / 2
    drawn = np.random.default_rng(4).multinomial(rows, (gain, max(0.0, loss), max(0.0, 1 - gain - loss)), number)
    found = [
        gained > lost and sign_flip_test(independent(0, gained, lost, 0).steps).p_value < 0.05
        for gained, lost, _ in drawn.tolist()
    ]
    return float(np.mean(found))


def learning(number: int) -> None:
    """More labels would help, said of a last step that helped, and of one that did not."""
    table("'More labels would probably help' (5 % of the rows discordant)", number)
    heading("test rows", "3 points, before", "now", "no gain, before", "now", "target")
    for rows in (191, 1000):
        cells = []
        for difference in (0.03, 0.0):
            said = np.zeros(2)
            for both, gained, lost, neither in pairs(rows, difference, 0.05, number):
                last = wilson(both + gained, rows)
                change = difference_interval(independent(both, gained, lost, neither))
                said += (last.low > (both + lost) / rows, verdict(change, DEFAULT_MARGIN) == "better")
            cells += (said / number).tolist()
        line(f"{rows:,}", *cells, at_most(cells[3], 0.025, number))
        print()


def ties(number: int) -> None:
    """The better of two models that are tied on the validation rows, and the cheaper of two equally good ones."""
    table("Two models of 80 % and 83 %, and two of 80 % of which one is cheaper; the ties on validation rows", number)
    heading(
        "validation rows", "ties", "better, before", "better, now", "cheaper, before", "cheaper, now", "called ties"
    )
    for rows in (10, 20, 50, 100):
        generator = np.random.default_rng(5)
        tied, chosen, called, equal = 0, np.zeros(4), 0, 0
        for draw in range(number):
            names = ("m1", "m2") if draw % 2 else ("m2", "m1")  # the better, the cheaper
            for second_share in (0.83, 0.80):
                models = [_answers(generator, rows, share) for share in (second_share, 0.80)]
                hits = [int(right.sum()) for right, _ in models]
                if hits[0] != hits[1]:
                    continue
                better = second_share > 0.80
                losses = [float(np.mean(loss)) for _, loss in models]
                winner = choose_winner(
                    [
                        Candidate(
                            model=name,
                            validation=wilson(hits[0], rows),
                            loss=loss if better else None,
                            price=None if better else price,
                        )
                        for name, loss, price in zip(names, losses, (1.0, 2.0), strict=True)
                    ]
                )
                tied += better
                equal += not better
                called += "tie" in winner.why
                chosen += np.array((better, better, not better, not better)) * (
                    *(min(names) == names[0], winner.model == names[0]) * 2,
                )
        shares = chosen / np.array((tied, tied, equal, equal))
        line(f"{rows:,}", tied / number, *shares.tolist(), called / (tied + equal))
        print()


def _answers(generator: np.random.Generator, rows: int, share: float) -> tuple[Right, NDArray[np.float64]]:
    """Rows right of a model of such an accuracy whose confidences are true, and their log losses."""
    spread = 4.0
    confidence = generator.beta(spread * share, spread * (1 - share), rows).clip(1e-6, 1 - 1e-6)
    right = generator.random(rows) < confidence
    return right, -np.log(np.where(right, confidence, 1 - confidence))


TABLES: dict[str, Callable[[int], None]] = {
    "gate": gate_choice,
    "need": need,
    "power": power,
    "learning": learning,
    "ties": ties,
}


def main(arguments: Sequence[str]) -> None:
    """Print the tables that are named."""
    names = [name for name in arguments if name in TABLES]
    numbers = [int(argument) for argument in arguments if argument.isdecimal()]
    if len(names) + len(numbers) < len(arguments):
        raise SystemExit(__doc__)
    for chosen in names or TABLES:
        TABLES[chosen](numbers[0] if numbers else 400)


if __name__ == "__main__":
    main(sys.argv[1:])
