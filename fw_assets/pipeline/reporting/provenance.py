"""What a report was made with."""

from __future__ import annotations

import platform
from importlib import metadata

VERSIONS_OF = ("fw-assets", "dagster", "polars", "numpy", "scipy", "pydantic", "httpx")


def versions() -> dict[str, str]:
    """Python's version and those of the packages that figures depend on; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
