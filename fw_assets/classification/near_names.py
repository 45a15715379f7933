"""Names that somebody may have meant by one that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MAX_MEANT = 3


def names_meant(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The name of nearly this spelling, else those that it is a word of or that are words of it; at most `MAX_MEANT`.

    Case does not count, and hyphens and spaces are underscores.
    """
    known = list(names)
    written = "_".join(name.strip().lower().replace("-", " ").split())
    if close := difflib.get_close_matches(written, known, n=1, cutoff=0.7):
        return tuple(close)
    words = set(written.split("_"))
    return tuple(item for item in known if words and (words <= (parts := set(item.split("_"))) or parts <= words))[
        :MAX_MEANT
    ]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The question for the names meant, such as `did you mean models?`; empty where there is none."""
    meant = names_meant(name, names)
    return f"did you mean {' or '.join(meant)}?" if meant else ""
