"""The arguments of a benchmark, with `--help`."""

from __future__ import annotations

import argparse
from typing import Any


def positional(about: str | None, **kinds: Any) -> list[Any]:
    """What the command line gives, in order.

    Args:
        about: the benchmark's docstring, printed by `--help`.
        kinds: for each argument its type, when it must be given, or else its default.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind in kinds.items():
        if isinstance(kind, type):
            parser.add_argument(name, type=kind)
        else:
            parser.add_argument(name, type=type(kind), default=kind, nargs="?", help=f"default: {kind}")
    return list(vars(parser.parse_args()).values())
