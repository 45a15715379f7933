"""Prices that the embedded platform charges, changed under a project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fw_assets_tests.project import Project

MODEL = "accounts/fireworks/models/char-ngram"
USUAL = {"inference-input": 2.0, "inference-output": 2.0, "training": 5.0, "deployment-hour": 3.0}


def charge(project: Project, prices: Mapping[str, float]) -> str:
    """Have the platform charge these prices for `MODEL`; returns the price file."""
    charge_at(project.workspace / ".platform", prices)
    file = project.folder / "prices.json"
    file.write_bytes((project.workspace / ".platform" / "prices.json").read_bytes())
    return str(file)


def charge_at(home: Path, prices: Mapping[str, float]) -> None:
    entries = [
        {"model": MODEL, "item": item, "unit": "hour" if item == "deployment-hour" else "1M tokens", "usd": usd}
        for item, usd in prices.items()
    ]
    home.mkdir(parents=True, exist_ok=True)
    (home / "prices.json").write_text(json.dumps({"prices": entries}), "utf-8")
