"""Settings of a source that would be without effect, or that contradict others: refused as the project is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fw_assets.classification.errors import InputError, input_error
from fw_assets.classification.formats.column_choice import template_parts
from fw_assets.classification.session_input import make_session
from fw_assets.components.sources import DATASET, Source
from fw_assets.pipeline.asset_table import ASSETS

ROLES = ("label", "group", "split", "id", "weight")
COLUMNS = ("text", "template", "label_names", *ROLES)
FIELDS = {
    "text_template": "template",
    "text_column": "text",
    "label_column": "label",
    "label_names": "label_names",
    "group_field": "group",
    "weight_column": "weight",
}
"""Session fields that columns of the source become."""
OF_FILES = "the columns of files are session fields: text_column, label_column and others"


def check_source(source: Source, session: Mapping[str, Any], key_prefix: Sequence[str]) -> None:
    """Check the columns of an upstream asset against each other and against the session.

    Args:
        session: the fields that the attributes give.
        key_prefix: of the assets of the instance itself.

    Raises:
        InputError: a setting has no effect, or contradicts another.
    """
    given = [name for name in (*COLUMNS, "io_manager") if getattr(source, name) is not None]
    if source.key is None:
        if given:
            raise _error(given[0], f"is about the table of an upstream asset, and none is named; {OF_FILES}")
        return
    own = {(*key_prefix, name) for name in (DATASET, *(entry.key for entry in ASSETS))}
    if tuple(source.key.path) in own:
        raise _error("asset", f"{source.key.to_user_string()} is made by this workflow, of the dataset that it needs")
    for name in given:
        value = getattr(source, name)
        if not value or not all(value):
            raise _error(name, "is empty, or has an empty entry: leave it out, or name what it is about")
    columns = _session_fields(source)
    _check_template(source)
    _check_roles(source)
    for field in columns:
        if field in session:
            raise input_error(f"is given as dataset.{FIELDS[field]} too; leave one out", kind="component", field=field)


def _session_fields(source: Source) -> dict[str, Any]:
    """The session fields of the columns, once they are found right."""
    fields = source.session_fields()
    try:
        make_session(fields)
    except InputError as error:
        named = [replace(item, field=f"{DATASET}.{FIELDS[str(item.field).split('.')[0]]}") for item in error.problems]
        raise InputError(named) from None
    return fields


def _check_template(source: Source) -> None:
    if source.template is None or source.text is None:
        return
    texts = [source.text] if isinstance(source.text, str) else source.text
    named = _template_columns(source.template)
    if unknown := [column for column in named if column not in texts]:
        raise _error("template", f"names {', '.join(unknown)}, and dataset.text has {', '.join(texts)}")
    if idle := [column for column in texts if column not in named]:
        raise _error("text", f"names {', '.join(idle)}, which dataset.template leaves out")


def _check_roles(source: Source) -> None:
    texts = [source.text] if isinstance(source.text, str) else source.text
    if texts is None:
        texts = _template_columns(source.template) if source.template is not None else []
    roles: dict[str, str] = {}
    for role, column in [*(("text", text) for text in texts), *((role, getattr(source, role)) for role in ROLES)]:
        if column is None:
            continue
        if column in roles:
            raise _error(role, f"the column {column!r} is that of dataset.{roles[column]} already")
        roles[column] = role


def _template_columns(template: str) -> list[str]:
    return list(dict.fromkeys(column for _, column in template_parts(template) if column is not None))


def _error(field: str, message: str) -> InputError:
    return input_error(message, kind="component", field=f"{DATASET}.{field}")
