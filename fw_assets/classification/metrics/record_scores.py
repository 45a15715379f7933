"""Scores of records: each field by itself, all of them together, and whole objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.fields.records import value_json
from fw_assets.classification.fields.value_tally import RecordKind
from fw_assets.classification.intervals import wilson
from fw_assets.classification.prompting.outcomes import OUTCOMES
from fw_assets.classification.values import Frozen, Interval

Pairs = Counter[tuple[str, str | None]]


class FieldScores(Frozen):
    """The scores of one field.

    Attributes:
        accuracy: rows with exactly the right value.
        lenient: share of the rows that are right where the spelling of free texts does not count.
        most_frequent: share of the rows that have the most frequent true value, which always saying it would get.
        macro_f1: of a label, or the items of a list: the mean over the values with rows; None for texts and other JSON.
        outcomes: (outcome, rows) for every outcome.
    """

    name: str
    kind: RecordKind
    accuracy: Interval
    lenient: float
    most_frequent: float
    macro_f1: float | None
    outcomes: tuple[tuple[str, int], ...]


class RecordScores(Frozen):
    """The scores of one model on the rows of one part. Intervals are 95 % and count groups of rows as units.

    Attributes:
        rows, scored: that were to be asked, that were answered; groups: of these, distinct.
        mean: share of all values (rows times fields) that are right; whole: of rows whose values all are.
    """

    rows: int
    scored: int
    groups: int
    fields: tuple[FieldScores, ...]
    mean: Interval
    whole: Interval


def record_scores(predictions: Iterable[pl.DataFrame], fields: Sequence[RecordField]) -> RecordScores:
    """The scores of predictions, in parts; the columns `fields` (`FIELD_ANSWERS`) and `group` are read."""
    by_field, together, whole = ClusterCounter(), ClusterCounter(), ClusterCounter()
    outcomes: list[Counter[str]] = [Counter() for _ in fields]
    lenient = [0] * len(fields)
    pairs: list[Pairs] = [Counter() for _ in fields]
    rows = 0
    for part in predictions:
        rows += part.height
        all_right = np.ones(part.height, dtype=np.bool_)
        answered = np.ones(part.height, dtype=np.bool_)
        groups = part.get_column("group").to_numpy()
        for index in range(len(fields)):
            answers = field_answers(part, index)
            outcomes[index].update(dict(answers.get_column("outcome").value_counts().iter_rows()))
            valid = (answers.get_column("outcome") != "failed").to_numpy()
            right = (answers.get_column("outcome") == "correct").to_numpy()
            lenient[index] += int((answers.get_column("lenient_outcome") == "correct").sum())
            counted = answers.filter(pl.Series(valid)).group_by("gold", "predicted").len()
            pairs[index].update({(gold, given): times for gold, given, times in counted.iter_rows()})
            by_field.add(groups[valid], right[valid], index * np.ones(int(valid.sum()), dtype=np.int64))
            together.add(groups[valid], right[valid])
            all_right &= right
            answered &= valid
        whole.add(groups[answered], all_right[answered])
    sums, effects = by_field.sums(len(fields)), by_field.sums(len(fields)).design_effects()
    return RecordScores(
        rows=rows,
        scored=int(whole.sums().rows[0]),
        groups=int(whole.sums().groups[0]),
        fields=tuple(
            FieldScores(
                name=field.name,
                kind=field.kind,
                accuracy=wilson(int(sums.hits[i]), int(sums.rows[i]), design_effect=float(effects[i])),
                lenient=lenient[i] / max(1.0, float(sums.rows[i])),
                most_frequent=_most_frequent(pairs[i]),
                macro_f1=_macro_f1(pairs[i], field.kind),
                outcomes=tuple((name, outcomes[i][name]) for name in OUTCOMES),
            )
            for i, field in enumerate(fields)
        ),
        mean=_share(together),
        whole=_share(whole),
    )


def field_answers(part: pl.DataFrame, index: int) -> pl.DataFrame:
    """The answers to one field of a part, by the field's position."""
    return part.select(pl.col("fields").list.get(index)).unnest("fields")


def whole_outcomes(predictions: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same predictions with the outcome of the whole object: `correct` where every field is."""
    outcomes = pl.col("fields").list.eval(pl.element().struct.field("outcome"))
    whole = (
        pl.when(outcomes.list.contains("failed"))
        .then(pl.lit("failed"))
        .when(outcomes.list.eval(pl.element() == "correct").list.all())
        .then(pl.lit("correct"))
        .otherwise(pl.lit("wrong_label"))
    )
    for part in predictions:
        yield part.with_columns(outcome=whole)


def _share(counter: ClusterCounter) -> Interval:
    sums = counter.sums()
    return wilson(int(sums.hits[0]), int(sums.rows[0]), design_effect=float(sums.design_effects()[0]))


def _most_frequent(pairs: Pairs) -> float:
    counts: Counter[str] = Counter()
    for (gold, _), times in pairs.items():
        counts[gold] += times
    return max(counts.values(), default=0) / max(1, counts.total())


def _macro_f1(pairs: Pairs, kind: RecordKind) -> float | None:
    """The mean of F1 over the values that have rows: 2 hits / (rows with the value + rows given it)."""
    if kind in ("text", "json"):
        return None
    support, given, hits = Counter[str](), Counter[str](), Counter[str]()
    for (gold, predicted), times in pairs.items():
        own, said = (_items(value, kind) for value in (gold, predicted))
        support.update(dict.fromkeys(own, times))
        given.update(dict.fromkeys(said, times))
        hits.update(dict.fromkeys(own & said, times))
    scores = [2 * hits[value] / (rows + given[value]) for value, rows in support.items()]
    return sum(scores) / len(scores) if scores else None


def _items(value: str | None, kind: RecordKind) -> set[str]:
    """A value, or the items of a list, as JSON; none where there is no value, and of a list that is null."""
    if value is None or kind != "list":
        return set() if value is None else {value}
    items = json.loads(value)
    return {value_json(item) for item in items} if isinstance(items, list) else set()
