"""Label names in words, for comparing them with texts."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s_\-:/.|+]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def humanise(label: str) -> str:
    """The label in lower case with spaces for separators and between the words of CamelCase.

    `card_arrival`, `card-arrival`, `CardArrival` and `card/arrival` all become `card arrival`. A label made of
    separators alone is returned unchanged.
    """
    words = _SEPARATORS.sub(" ", _CAMEL.sub(" ", label)).strip().lower()
    return words or label
