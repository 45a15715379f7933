"""Asset metadata: tables, charts, summaries, documents and links.

Labels, dataset text and model output go into tables, which escape them; characters that could disguise text there,
such as control characters and direction overrides, are made visible.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import dagster as dg

from fw_assets.classification.visible_text import visible
from fw_assets.report.escape import prose
from fw_assets.report.formatting import clip
from fw_assets.report.plots.svg import standalone
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

MAX_TEXT = 500
"""Characters of a table cell; the UI would show a longer text on a long column of lines."""
File = dg.MarkdownMetadataValue | dg.PathMetadataValue
MAX_MARKDOWN = 200_000
"""Characters of a document that are stored with its event."""
MAX_ROWS = 500

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


def table(rows: Sequence[Row], most: int = MAX_ROWS) -> dg.TableMetadataValue:
    """Rows as a table with all their keys; at most `most` of them, and a last row that says how many were left out."""
    columns = list(dict.fromkeys(key for row in rows for key in row)) or ["(nothing)"]
    # Dagster refuses records of different fields.
    records = [dg.TableRecord({key: _cell_value(row.get(key)) for key in columns}) for row in rows[:most]]
    if len(rows) > most:
        rest = dict.fromkeys(columns, "") | {columns[0]: f"... and {len(rows) - most} more"}
        records.append(dg.TableRecord(rest))
    types = {column: _column_type([row.get(column) for row in rows]) for column in columns}
    if len(rows) > most:
        types[columns[0]] = "string"
    schema = dg.TableSchema(columns=[dg.TableColumn(column, type=types[column]) for column in columns])
    return dg.MetadataValue.table(records=records, schema=schema)


def picture(svg: str) -> dg.MarkdownMetadataValue:
    """A chart of the report as an image that needs no file; nothing in it can run."""
    if not svg:
        return dg.MetadataValue.md("(nothing to draw)")
    data = base64.b64encode(standalone(svg).encode("utf-8")).decode("ascii")
    return dg.MetadataValue.md(f"![chart](data:image/svg+xml;base64,{data})")


def summary(title: str, *sentences: str) -> dg.MarkdownMetadataValue:
    """A few lines of Markdown: the UI shows up to 1,000 characters at once, and more behind a click.

    Args:
        title: the dataset, or the dataset and the model; an asset's overview shows the newest of all partitions.
    """
    first, *others = (sentence for sentence in sentences if sentence)
    return dg.MetadataValue.md("\n\n".join((f"**{prose(title)}:** {first}", *others)))


def document(text: str) -> dg.MarkdownMetadataValue:
    """A whole Markdown document, escaped by whoever rendered it; the UI opens it in a dialog."""
    if len(text) <= MAX_MARKDOWN:
        return dg.MetadataValue.md(text)
    return dg.MetadataValue.md(f"{text[:MAX_MARKDOWN]}\n\n(cut here: the whole is in the file)")


def files(store: Workspace, **paths: Sequence[str]) -> dict[str, File]:
    """Files of the workspace: links `open_NAME` if the settings say where a browser finds them, else paths.

    A browser refuses `file:` links on a page that came over http. They are never both: a long path makes the UI's table
    wider than its column, which cuts off the other one.
    """
    address, _, query = (settings().fw_files_url or "").partition("?")
    base, ending = address.rstrip("/"), f"?{query}" if query else ""
    if not base:
        return {name: dg.MetadataValue.path(store.url(*path)) for name, path in paths.items()}
    links = {name: "/".join((base, *(quote(part) for part in path))) + ending for name, path in paths.items()}
    return {f"open_{name}": dg.MetadataValue.md(f"[{prose(paths[name][-1])}]({url})") for name, url in links.items()}


def _cell_value(value: Cell) -> str | int | float | bool:
    if value is None:
        return ""
    if isinstance(value, str):
        return clip(visible(value), MAX_TEXT)
    # Four digits: a table of the UI has little room, and the values are whole in the workspace.
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _column_type(values: Sequence[Cell]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "int"
    if kinds and kinds <= {int, float}:
        return "float"
    return "string"
