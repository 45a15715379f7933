"""Arguments of the Python API, which no type checker may have seen: what is wrong with one is said of its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

from fw_assets.classification.errors import InputError, input_error


def check_text(field: str, value: object) -> None:
    """Refuses all but a text and None."""
    if value is not None and not isinstance(value, str):
        raise _wrong(field, "a text", value)


def check_place(field: str, value: object) -> None:
    """Refuses all but a path, a URL and None."""
    if value is not None and not isinstance(value, str | os.PathLike):
        raise _wrong(field, "a folder or an fsspec URL", value)
    if value is not None and Path(value).is_file():
        raise _wrong(field, "a folder or an fsspec URL", value, "which is a file")


def check_number(field: str, value: object) -> None:
    """Refuses all but a number and None."""
    if value is not None and not isinstance(value, Real):
        raise _wrong(field, "a number", value)


def check_one_way(*, free: bool, cascade: bool) -> None:
    """Refuses the free model alone and the free model first together."""
    if free and cascade:
        raise input_error(
            "is given beside free", field="cascade", advice="A cascade asks the free model first: give one."
        )


def check_one_of(field: str, value: object, allowed: Sequence[str]) -> None:
    """Refuses all but these."""
    if value not in allowed:
        raise _wrong(field, " or ".join(allowed), value)


def _wrong(field: str, expected: str, value: object, more: str = "") -> InputError:
    found = f"{value!r}, {more}" if more else repr(value)
    return input_error(f"expected {expected} (found {found})", field=field)
