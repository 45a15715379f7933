"""What a report was made with."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("fw-assets", "dagster", "polars", "numpy", "scipy", "pydantic", "httpx")


def package_versions() -> dict[str, str]:
    """Python's version and those of the packages that figures depend on; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
