"""Names of labels that are numbers, as Hugging Face's datasets keeps them: in Parquet metadata or beside the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 16 << 20


def class_names(file: Path, metadata: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """The names by column; empty where nothing tells them.

    Args:
        metadata: of the Parquet file itself.
    """
    if metadata and "huggingface" in metadata:
        info = _json(metadata["huggingface"])
        names = _names_in(info.get("info", {}).get("features") if isinstance(info, dict) else None)
        if names:
            return names
    for folder in (file.parent, file.parent.parent):
        for name in ("dataset_info.json", "dataset_infos.json", "README.md"):
            names = _names_beside(folder / name)
            if names:
                return names
    return {}


def _names_beside(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    if path.suffix == ".json":
        info = _json(text)
    else:
        parts = text.split("---", 2)
        try:
            info = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
        except yaml.YAMLError:
            return {}
        info = info.get("dataset_info") if isinstance(info, dict) else None
    infos = info if isinstance(info, list) else [info, *info.values()] if isinstance(info, dict) else []
    for item in infos:
        names = _names_in(item.get("features")) if isinstance(item, dict) else {}
        if names:
            return names
    return {}


def _names_in(features: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(features, list):  # as a dataset card has them
        features = {
            item.get("name"): item.get("dtype", item.get("sequence", item.get("list")))
            for item in features
            if isinstance(item, dict)
        }
    if not isinstance(features, dict):
        return {}
    found = {}
    for column, feature in features.items():
        names = _class_label(feature)
        if isinstance(column, str) and names:
            found[column] = names
    return found


def _class_label(feature: Any) -> tuple[str, ...] | None:
    """The names of a `ClassLabel`, or of a sequence of them."""
    if isinstance(feature, list) and len(feature) == 1:
        return _class_label(feature[0])
    if not isinstance(feature, dict):
        return None
    names = feature.get("names")
    if isinstance(names, dict):
        try:
            names = [names[key] for key in sorted(names, key=int)]
        except ValueError:
            return None
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names) or None
    inner = (feature.get(key) for key in ("feature", "class_label", "sequence", "list", "dtype"))
    return next((found for item in inner if (found := _class_label(item))), None)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
