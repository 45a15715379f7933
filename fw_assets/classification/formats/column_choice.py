"""Choice of the columns that are the text and the label: given, known by name, or told by their values."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from fw_assets.classification.errors import InputError, Problem, Reading
from fw_assets.classification.formats.column_names import (
    BOOKKEEPING,
    PAIRS,
    TEXT_NAMES,
    WEIGHTS,
    is_label_name,
    normal_name,
)
from fw_assets.classification.formats.label_values import ALL_FLAGS, MIN_FLAGS, flag_columns
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import ColumnProfile


@dataclass(frozen=True)
class ColumnChoice:
    """The columns of a file that are read.

    Attributes:
        text: parts of the text in order: what stands before a column, and the column, if one follows.
        label: its column.
        names: of labels that are numbers, from 0.
        system: the column of system messages.
    """

    text: tuple[tuple[str, str | None], ...]
    label: str
    names: tuple[str, ...] | None = None
    system: str | None = None
    numbered: bool = False
    """Whether the labels are numbers without names."""
    flags: tuple[str, ...] = ()
    """Columns of 0 and 1, a label each, in place of `label`, which is empty then."""
    weight: str | None = None
    """The column of the rows' weights in training."""

    @property
    def columns(self) -> tuple[str, ...]:
        more = (self.label, self.system, self.weight)
        return tuple(dict.fromkeys((*self.text_columns, *self.flags, *(name for name in more if name))))

    @property
    def text_columns(self) -> tuple[str, ...]:
        return tuple(column for _, column in self.text if column is not None)

    def __str__(self) -> str:
        quoted = [f"`{name}`" for name in self.text_columns]
        text = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} with {quoted[-1]}"
        system = f" after the system message `{self.system}`" if self.system else ""
        numbers = ", whose labels are numbers (--label-name, once for each from 0, names them)" if self.numbered else ""
        weight = f", weighted by `{self.weight}`" if self.weight else ""
        label = f"`{self.label}`"
        if self.flags:
            label = f"{len(self.flags)} columns of flags, a label each ({_listed(self.flags)})"
        return f"{text} and {label}{system}{numbers}{weight}"


def choose_columns(
    texts: Mapping[str, ColumnProfile],
    labels: Mapping[str, ColumnProfile],
    options: ReadingOptions,
    class_names: Mapping[str, tuple[str, ...]],
    file: str,
) -> ColumnChoice:
    """The columns of a file, for its text and its label.

    Args:
        texts: columns that may hold the text.
        labels: columns that may hold the label; often the same.
        class_names: names of labels that are numbers, by column, as the file says itself.

    Raises:
        InputError: a column that is named is not there, or several readings are possible or none; the error names
            them with the options that choose.
    """
    _check_named(texts, labels, options, file)
    weight = options.weight_column or _weight(labels)
    labels = {name: item for name, item in labels.items() if name != weight}
    texts = {name: item for name, item in texts.items() if name != weight}
    flags = _flags(texts, labels, options)
    if flags:
        others = {name: item for name, item in texts.items() if name not in flags}
        return ColumnChoice(_text(others, "", options, file), "", flags=flags, weight=weight)
    free = options.text_column is None and options.text_template is None and options.label_column is None
    pair = _pair(texts, labels) if free and texts == labels else None
    if pair is not None:
        text, label, system = pair
    else:
        label = options.label_column or _label(texts, labels, options, file)
        text, system = _text(texts, label, options, file), None
    names = options.label_names or class_names.get(label)
    numbered = names is None and labels[label].kind == "integer"
    return ColumnChoice(text, label, names, system, numbered, weight=weight)


def _weight(columns: Mapping[str, ColumnProfile]) -> str | None:
    """The column that is known to be the rows' weight; one that is called `weight` may be that of a parcel."""
    return next((name for name, item in columns.items() if normal_name(name) in WEIGHTS and item.filled), None)


def _flags(
    texts: Mapping[str, ColumnProfile], labels: Mapping[str, ColumnProfile], options: ReadingOptions
) -> tuple[str, ...]:
    """The columns of flags that are the labels: those that are named, or all where nothing else may be the label."""
    taken = {options.text_column, *_template_columns(options)}
    known = tuple(name for name in flag_columns(labels) if name not in taken)
    if options.label_flags is not None:
        return known if options.label_flags == (ALL_FLAGS,) else options.label_flags
    if options.label_column is not None or texts != labels or len(known) < MIN_FLAGS:
        return ()
    return () if [name for name in _told(labels, taken) if name not in known] else known


def _told(labels: Mapping[str, ColumnProfile], taken: Set[str | None]) -> list[str]:
    """The columns that may be the label by name or by values."""
    return [
        name
        for name, item in labels.items()
        if name not in taken
        and item.filled
        and (
            (is_label_name(name) and item.kind not in ("number", "object"))
            or (item.is_label and normal_name(name) not in BOOKKEEPING | TEXT_NAMES)
        )
    ]


def choose_label(columns: Mapping[str, ColumnProfile], file: str) -> str:
    """The column of the label alone.

    Raises:
        InputError: several may be it, or none.
    """
    return _label(columns, columns, ReadingOptions(), file)


def choose_text(
    columns: Mapping[str, ColumnProfile], options: ReadingOptions, file: str, usual: ReadingOptions
) -> tuple[tuple[tuple[str, str | None], ...], str | None]:
    """The parts of the text, and the column of system messages if there is one, of rows that nobody has labelled.

    Columns that are named as labels are not the text, unless there is no other.

    Args:
        usual: where the text is in rows of the dataset; it holds where the file has these columns too, and nothing
            else is said.

    Raises:
        InputError: as `choose_columns`, of the text.
    """
    if options.text_column is None and options.text_template is None:
        known = {usual.text_column, *_template_columns(usual)} - {None}
        if known and known <= set(columns):
            options = usual
    _check_named(columns, columns, options.model_copy(update={"label_column": None}), file)
    if options.text_column is None and options.text_template is None:
        by_name = {normal_name(name): name for name in columns}
        for first, second in PAIRS:
            text = by_name.get(normal_name(first))
            paired = normal_name(second) in by_name or (first == "instruction" and "input" in by_name)
            if text is not None and paired:
                return _paired_text(text, first, by_name, columns)
    label = usual.label_column or ""
    unlabelled = {name: item for name, item in columns.items() if name != label and not is_label_name(name)}
    return _text(unlabelled or columns, label, options, file), None


def template_parts(template: str) -> tuple[tuple[str, str | None], ...]:
    """The parts of a template such as `{subject}: {body}`.

    Raises:
        ValueError: it is not one, or names no column.
    """
    written = template.replace("\\n", "\n").replace("\\t", "\t")
    parts = tuple((literal, name) for literal, name, _, _ in string.Formatter().parse(written))
    if not any(name for _, name in parts):
        raise ValueError("names no column; write each in braces, as {subject}: {body}")
    return parts


def _pair(
    texts: Mapping[str, ColumnProfile], labels: Mapping[str, ColumnProfile]
) -> tuple[tuple[tuple[str, str | None], ...], str, str | None] | None:
    by_name = {normal_name(name): name for name in texts}
    for first, second in PAIRS:
        text, label = by_name.get(normal_name(first)), by_name.get(normal_name(second))
        if text is None or label is None:
            continue
        others = [name for name in labels if name != label and is_label_name(name) and labels[name].is_label]
        if [name for name in others if normal_name(name) not in (normal_name(first), "response", "output")]:
            continue
        parts, system = _paired_text(text, first, by_name, texts)
        return parts, label, system
    return None


def _paired_text(
    text: str, first: str, by_name: Mapping[str, str], columns: Mapping[str, ColumnProfile]
) -> tuple[tuple[tuple[str, str | None], ...], str | None]:
    """The parts of a text that belongs to a pair, and the column of system messages."""
    system = by_name.get("system") or by_name.get("systemprompt")
    more = by_name.get("input") if first == "instruction" else None
    if more is None or not columns[more].filled:
        return (("", text),), system
    if columns[text].distinct == 1 and not system:
        return (("", more),), text
    return (("", text), ("\n\n", more)), system


def _label(
    texts: Mapping[str, ColumnProfile], labels: Mapping[str, ColumnProfile], options: ReadingOptions, file: str
) -> str:
    taken = {options.text_column, *(_template_columns(options))}
    free = {name: item for name, item in labels.items() if name not in taken and item.filled}
    if texts != labels and len(free) == 1:
        return next(iter(free))
    named = [
        name
        for name, item in free.items()
        if is_label_name(name) and item.kind not in ("number", "object") and (item.filled < 10 or _may_be_label(item))
    ]
    if len(named) > 1:
        named = _without_numbers_of(named, free)
    if len(named) == 1:
        return named[0]
    told = named or [
        name for name, item in free.items() if item.is_label and normal_name(name) not in BOOKKEEPING | TEXT_NAMES
    ]
    if len(told) == 1 and texts == labels:
        return told[0]
    if told:
        raise _ambiguous("label", {name: free[name] for name in told}, file)
    raise _not_found("label", labels, file)


def _may_be_label(item: ColumnProfile) -> bool:
    return 2 * item.distinct <= item.filled or item.distinct == 1


def _text(
    texts: Mapping[str, ColumnProfile], label: str, options: ReadingOptions, file: str
) -> tuple[tuple[str, str | None], ...]:
    if options.text_template is not None:
        return template_parts(options.text_template)
    if options.text_column is not None:
        return (("", options.text_column),)
    free = {name: item for name, item in texts.items() if name != label and item.filled and item.kind == "text"}
    named = [name for name, item in free.items() if normal_name(name) in TEXT_NAMES and item.is_text]
    told = named or [name for name, item in free.items() if item.is_text and normal_name(name) not in BOOKKEEPING]
    if not told:
        told = [name for name in free if normal_name(name) in TEXT_NAMES] or (list(free) if len(free) == 1 else [])
    if len(told) == 1:
        return (("", told[0]),)
    if told:
        raise _ambiguous("text", {name: free[name] for name in told}, file)
    raise _not_found("text", texts, file)


def _without_numbers_of(named: Sequence[str], columns: Mapping[str, ColumnProfile]) -> list[str]:
    """The names without the numbers of the same labels, as `label` beside `label_text`."""
    words = [name for name in named if columns[name].kind != "integer"]
    numbers = [name for name in named if columns[name].kind == "integer"]
    same = len(words) == 1 and all(columns[number].distinct == columns[words[0]].distinct for number in numbers)
    related = len(words) == 1 and all(normal_name(words[0]).startswith(normal_name(number)) for number in numbers)
    return words if same and related else list(named)


def _template_columns(options: ReadingOptions) -> tuple[str, ...]:
    if options.text_template is None:
        return ()
    return tuple(name for _, name in template_parts(options.text_template) if name)


def _check_named(
    texts: Mapping[str, ColumnProfile], labels: Mapping[str, ColumnProfile], options: ReadingOptions, file: str
) -> None:
    wanted = [("text_column", options.text_column, texts), ("label_column", options.label_column, labels)]
    wanted += [("text_template", name, texts) for name in _template_columns(options)]
    wanted += [("label_flags", name, labels) for name in options.label_flags or () if name != ALL_FLAGS]
    wanted += [("weight_column", options.weight_column, labels)]
    if options.label_flags is not None and options.label_column is not None:
        message = "is given beside label_column; give one of them"
        raise InputError([Problem(kind="column", file=file, field="label_flags", message=message)], advice=_NOTHING)
    if options.label_flags == (ALL_FLAGS,) and not flag_columns(labels):
        message = f"no column holds nothing but 0 and 1; the columns are {_listed(labels)}"
        raise InputError([Problem(kind="column", file=file, field="label_flags", message=message)], advice=_NOTHING)
    for field, name, columns in wanted:
        if name is not None and name not in columns:
            close = difflib.get_close_matches(name, list(columns), n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            message = f"there is no column `{name}`; the columns are {_listed(columns)}{hint}"
            raise InputError([Problem(kind="column", file=file, field=field, message=message)], advice=_NOTHING)


def _ambiguous(role: str, columns: Mapping[str, ColumnProfile], file: str) -> InputError:
    shown = " and ".join(f"`{name}` ({item.shown})" for name, item in columns.items())
    flags = flag_columns(columns) if role == "label" else ()
    several = len(flags) >= MIN_FLAGS
    readings = [
        Reading(f"`{name}` ({item.shown})", f"{role}_column", name)
        for name, item in columns.items()
        if not (several and name in flags)
    ]
    options = [f"--{role}-column {_shell(str(reading.value))}" for reading in readings]
    if role == "text":
        template = " ".join(f"{{{name}}}" for name in columns)
        readings.append(Reading("all of them, one after the other", "text_template", template))
        options.append(f"--text-template {_shell(template)} for all of them")
    if flags:
        readings.append(Reading("all columns of 0 and 1, a label each", "label_flags", (ALL_FLAGS,)))
        options.append("--label-flag '*' for all columns of 0 and 1, a label each")
    message = f"{'two' if len(columns) == 2 else len(columns)} columns may be the {role}: {shown}"
    advice = f"Choose one: {', or '.join(options)} (`{role}_column` in a session). {_NOTHING}"
    problem = Problem(kind="ambiguous", file=file, field=f"{role}_column", message=message)
    return InputError([problem], advice=advice, readings=readings)


def _not_found(role: str, columns: Mapping[str, ColumnProfile], file: str) -> InputError:
    what = "values that repeat" if role == "label" else "texts"
    message = f"no column is known to be the {role} by its name or by {what}; the columns are {_listed(columns)}"
    advice = f"Name it: --{role}-column NAME (`{role}_column` in a session). {_NOTHING}"
    return InputError([Problem(kind="column", file=file, field=f"{role}_column", message=message)], advice=advice)


_NOTHING = "Nothing was started."
_MAX_LISTED = 20


def _listed(columns: Collection[str]) -> str:
    names = [f"`{name}`" for name in columns][:_MAX_LISTED]
    more = len(columns) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "") if names else "none"


def _shell(text: str) -> str:
    return text if re.fullmatch(r"[\w.-]+", text) else "'" + text.replace("'", "'\\''") + "'"
