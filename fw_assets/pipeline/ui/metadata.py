"""Asset metadata: tables, charts, summaries, documents and links.

Labels, dataset text and model output go into tables, which escape them; characters that could disguise text there,
such as control characters and direction overrides, are made visible.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import dagster as dg

from fw_assets.classification.visible_text import visible
from fw_assets.report.escape import code, prose
from fw_assets.report.formatting import clip
from fw_assets.report.plots.svg import standalone
from fw_assets.settings import is_usual_workspace, settings

MAX_TEXT = 500
"""Characters of a table cell; the UI would show a longer text on a long column of lines."""
MAX_KEY = 17
"""Characters of a metadata key: the column of keys takes its room from that of the values."""
TABLE_PIXELS = 312
"""Width that a table has on an asset's overview in a window of 1,280 pixels, beside keys of `MAX_KEY`."""
CHARACTER_PIXELS, COLUMN_PIXELS = 8.4, 17
"""Of the UI's monospaced font, and of the padding and border of a column."""
HEADING_PIXELS = 7.2
"""Of a character of a heading, which is in a smaller font and is not wrapped."""
_BREAKS = re.compile(r"(\s+)|(?<=[^\W\d_]-)(?=[^\W\d_])|(?<=–)(?=\d)")
MIN_WORD = 5
"""Characters that a word keeps at least when a table is too wide."""
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
    cells = [{key: _cell_value(row.get(key)) for key in columns} for row in rows[:most]]
    limits = _word_limits(columns, cells)
    records = [dg.TableRecord({key: _narrow(row[key], limits[key]) for key in columns}) for row in cells]
    if len(rows) > most:
        rest = dict.fromkeys(columns, "") | {columns[0]: f"... and {len(rows) - most} more"}
        records.append(dg.TableRecord(rest))
    types = {column: _column_type([row.get(column) for row in rows]) for column in columns}
    if len(rows) > most:
        types[columns[0]] = "string"
    schema = dg.TableSchema(columns=[dg.TableColumn(column, type=types[column]) for column in columns])
    return dg.MetadataValue.table(records=records, schema=schema)


def optional_table(rows: Sequence[Row], most: int = MAX_ROWS) -> dg.TableMetadataValue | None:
    """`table`; None where it has no row: an empty one says nothing."""
    return table(rows, most) if rows else None


def tables(most: int = MAX_ROWS, /, **rows: Sequence[Row]) -> dict[str, dg.TableMetadataValue]:
    """Tables by their key, without those that have no row."""
    return {key: table(found, most) for key, found in rows.items() if found}


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


def files(root: str | None, /, **paths: Sequence[str]) -> dict[str, File]:
    """Files of the workspace: links `open_NAME` if the settings say where a browser finds them, else paths in it.

    The address of the settings is that of the environment's workspace, so the files of another one have no links.

    A browser refuses `file:` links on a page that came over http. They are never both: a long path makes the UI's table
    wider than its column, which cuts off the other one.
    """
    served = settings().fw_files_url if is_usual_workspace(root) else None
    address, _, query = (served or "").partition("?")
    base, ending = address.rstrip("/"), f"?{query}" if query else ""
    if not base:
        return {name: dg.MetadataValue.path("/".join(path)) for name, path in paths.items()}
    links = {name: "/".join((base, *(quote(part) for part in path))) + ending for name, path in paths.items()}
    return {f"open_{name}": dg.MetadataValue.md(f"[{prose(paths[name][-1])}]({url})") for name, url in links.items()}


def table_width(columns: Sequence[str], rows: Sequence[Row]) -> float:
    """Pixels that a table needs: cells are wrapped between words, and not within them."""
    return sum(_longest(column, rows) * CHARACTER_PIXELS + COLUMN_PIXELS for column in columns)


def _word_limits(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, int]:
    """The longest word that each column may have, so that the table fits: the widest columns give way first."""
    limits = {column: _longest(column, rows) for column in columns}
    floors = {column: max(MIN_WORD, _longest(column, ())) for column in columns}
    room = int((TABLE_PIXELS - COLUMN_PIXELS * len(columns)) / CHARACTER_PIXELS)
    while sum(limits.values()) > room:
        wide = [column for column in columns if limits[column] > floors[column]]
        if not wide:
            break
        limits[max(wide, key=limits.__getitem__)] -= 1
    return limits


def _longest(column: str, rows: Sequence[Row]) -> int:
    heading = math.ceil(len(column) * HEADING_PIXELS / CHARACTER_PIXELS)
    texts = (str(row.get(column, "")) for row in rows)
    return max((heading, *(len(word) for text in texts for word in _words(text) if not word.isspace())))


def _words(text: str) -> list[str]:
    """Parts between which a browser breaks a line, spaces among them; also after hyphens of letters, and in ranges."""
    return [part for part in _BREAKS.split(text) if part]


def _narrow(value: str | int | float | bool, limit: int) -> str | int | float | bool:
    """A cell whose longer words lose their middle: labels often differ at their ends."""
    if not isinstance(value, str):
        return value
    return "".join(
        word if len(word) <= limit or word.isspace() else _without_middle(word, limit) for word in _words(value)
    )


def _without_middle(word: str, limit: int) -> str:
    head = limit // 2
    return f"{word[:head]}…{word[len(word) - (limit - 1 - head) :]}"


def markdown_table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown, whole and as wide as it is: for a document, which the UI opens in a dialog."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns), *([_markdown_cell(row.get(key)) for key in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_cell(value: Cell) -> str:
    if value is None:
        return ""
    return code(value) if isinstance(value, str) else str(value)


def resource_id(name: str) -> str:
    """The last part of a platform's name: the whole is one long word, which makes the page wider than its column."""
    return name.rpartition("/")[2]


def figure(value: float | None) -> float:
    """A figure as the UI shows and plots it: four digits; not a number where there is none."""
    return float("nan") if value is None else round(value, 4)


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
