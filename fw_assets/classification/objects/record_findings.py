"""Findings about records: rows that cannot be used, fields that few answers have, values of two types."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.fields.paths import Path, path_name
from fw_assets.classification.fields.records import value_text
from fw_assets.classification.fields.value_tally import ValueTally
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import Finding
from fw_assets.classification.objects.asked_fields import AskedName

MAX_NAMED = 20
MAX_VALUES_NAMED = 5


def unusable_rows(
    frame: pl.DataFrame, found: Sequence[tuple[int, str, str]], inspected: InspectedDataset
) -> InputError:
    problems = []
    for position, kind, message in found[: InputError.MAX_SHOWN]:
        ((source, row, shape),) = frame[position].select("source", "row", "shape").iter_rows()
        file, line = location(inspected.files, row, source)
        field = f"messages[{len(shape) - 1}].content"
        problems.append(Problem(kind=kind, file=file, line=line, field=field, message=message))
    advice = "Correct these rows, or leave `fields` out to learn the label alone. Nothing was started."
    return InputError(problems, advice=advice, counts=dict(Counter(kind for _, kind, _ in found)))


def several_labels(inspected: InspectedDataset) -> InputError:
    """The error of a label that has several values in a row, and is no list in all of them."""
    return input_error(
        f"{inspected.extraction.key} is the label, and rows have several of its values, or none; one was expected, "
        "or a list in every row",
        field="fields",
        advice="Name a field with one value in each row first, or leave `fields` out. Nothing was started.",
    )


def other_fields(others: Counter[Path], inspected: InspectedDataset) -> Iterator[Finding]:
    """The values that few objects have, which are no fields of the dataset: nothing else names them."""
    known = {field.keys for field in inspected.fields}
    rare = [
        (path, rows)
        for path, rows in others.most_common()
        if not any(path[:end] in known for end in range(len(path) + 1))
    ]
    if not rare:
        return
    named = [f"{path_name(path)} ({rows:,} {'row' if rows == 1 else 'rows'})" for path, rows in rare[:MAX_NAMED]]
    more = f" and {len(rare) - MAX_NAMED} more" if len(rare) > MAX_NAMED else ""
    message = (
        f"Few answers have these fields, which are left out of training: {', '.join(named)}{more}. To keep one, "
        "name it in `fields` with the others."
    )
    yield Finding(check="labels_known", severity="warn", message=message, consequential=True)


def two_types(asked: Sequence[AskedName], tallies: Sequence[ValueTally]) -> Iterator[Finding]:
    """Values that are written as a text in some rows and as a number, true, false or null in others."""
    for position, (item, tally) in enumerate(zip(asked, tallies, strict=True)):
        counts: Mapping[str, int] = (tally.items if tally.listed else tally.values) or {}
        texts = {value_text(json.loads(value)): value for value in counts if value.startswith('"')}
        both = [(value, texts[value]) for value in counts if not value.startswith('"') and value in texts]
        if not both:
            continue
        shown = ", ".join(
            f"{value} ({counts[value]:,} rows) and {text} ({counts[text]:,} rows)"
            for value, text in both[:MAX_VALUES_NAMED]
        )
        kept = "each pair is one label, in the type that it mostly has" if position == 0 else "these are kept apart"
        message = f"{item.name} has {shown}: {kept}."
        yield Finding(check="labels_known", severity="warn", message=message, consequential=True)
