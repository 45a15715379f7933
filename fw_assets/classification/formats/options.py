"""What a session says about reading a file that is no chat JSONL."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class ReadingOptions(Frozen):
    """Columns, or fields of JSON objects. Left out, they are found by their names and values."""

    text_column: str | None = None
    text_template: str | None = None
    """Several columns as one text, each in braces."""
    label_column: str | None = None
    label_names: tuple[str, ...] | None = None
    """Names of the labels that are numbers, from 0."""
    label_flags: tuple[str, ...] | None = None
    """Columns of 0 and 1, a label each; `*` for all of them."""
    weight_column: str | None = None
    sheet: str | None = None
