"""Comparison of two models field by field, over all fields, and by whole objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from fw_assets.classification.metrics.record_scores import whole_outcomes
from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy, compare_all
from fw_assets.classification.values import Frozen

RECORD_COLUMNS = ("id", "gold", "predicted", "outcome", "group", "fields")
"""The columns of predictions that are read."""
WHOLE = "whole object"
"""What the comparison by whole objects is called beside the fields; a field may have the same name."""


class RecordComparison(Frozen):
    """The second model against the first on the same rows.

    Attributes:
        names: of the fields.
        fields: each field by itself, and whole: objects of which every field is right. All of them are judged together
            (Holm 1979).
        mean: all values, rows times fields, at once, judged alone: what a choice between the two goes by. Its rows are
            values; the values of a row are of one group, and so move together in its test.
    """

    names: tuple[str, ...]
    fields: tuple[PairComparison, ...]
    whole: PairComparison
    mean: PairComparison

    @property
    def complete(self) -> bool:
        return self.mean.complete

    @property
    def worse(self) -> tuple[tuple[str, PairComparison], ...]:
        """The fields that are shown to be worse."""
        pairs = zip(self.names, self.fields, strict=True)
        return tuple((name, item) for name, item in pairs if item.verdict == "worse")

    @property
    def better(self) -> tuple[str, ...]:
        """The fields that are shown to be better."""
        return tuple(name for name, item in zip(self.names, self.fields, strict=True) if item.verdict == "better")


def compare_records(
    first: Iterable[pl.DataFrame], second: Iterable[pl.DataFrame], *, names: Sequence[str], margin: float
) -> RecordComparison:
    """The comparison of two models' predictions in parts, which are iterated several times.

    Raises:
        ValueError: they are not about the same rows.
    """
    by_index = {
        index: compare_accuracy(_of_field(first, index), _of_field(second, index), margin=margin)
        for index in range(len(names))
    }
    whole = compare_accuracy(whole_outcomes(first), whole_outcomes(second), margin=margin)
    judged = compare_all({**by_index, -1: whole})
    return RecordComparison(
        names=tuple(names),
        fields=tuple(judged[index] for index in range(len(names))),
        whole=judged[-1],
        mean=compare_accuracy(_values(first), _values(second), margin=margin),
    )


def _of_field(predictions: Iterable[pl.DataFrame], index: int) -> Iterator[pl.DataFrame]:
    for part in predictions:
        yield part.with_columns(outcome=pl.col("fields").list.get(index).struct.field("outcome"))


def _values(predictions: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """One row for each value of a row, under the row's id and the field's position."""
    for part in predictions:
        outcomes = pl.col("fields").list.eval(pl.element().struct.field("outcome"))
        numbered = part.with_columns(outcome=outcomes, position=pl.int_ranges(outcomes.list.len()))
        exploded = numbered.explode("outcome", "position")
        yield exploded.with_columns(id=pl.format("{}/{}", "id", "position")).drop("position", "fields")
