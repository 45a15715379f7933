"""Configuration and path of the Dagster instance in a workspace, wherever the workspace was moved or copied."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fw_assets.classification.errors import input_error
from fw_assets.classification.values import digest

DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {default_limit: 6, granularity: op}
"""
"""Configuration of an instance in the workspace. Runs, events and logs lie beside it, as Dagster has it by default."""
RETIRED_MODULES = "fw_assets.pipeline."
"""Named by the configuration that fw-assets wrote into workspaces before it used Dagster's own storage."""
_FOLDER = ".dagster"


def own_config(text: str, folder: Path) -> str:
    """The text of `folder/dagster.yaml` without the blocks that name another workspace's folder or a retired module.

    What is left out is at its default, which is beside the file; what is missing of `DAGSTER_YAML` is added. Everything
    else, comments included, stays as a person wrote it.
    """
    try:
        node = yaml.compose(text)
        values = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError:
        return text  # Dagster says what is wrong with it
    if not isinstance(values, dict):
        return text
    lines, foreign = text.splitlines(keepends=True), set[str]()
    blocks = node.value if isinstance(node, yaml.MappingNode) else []
    for key, value in reversed(blocks):
        strings = list(_strings(values[key.value]))
        if any(item.startswith(RETIRED_MODULES) or _is_foreign(item, folder) for item in strings):
            foreign.add(key.value)
            end = value.end_mark.line + (value.end_mark.column > 0)
            del lines[key.start_mark.line : end]
    kept = values.keys() - foreign
    added = [line for key, line in _default_blocks() if key not in kept] if foreign or not text.strip() else []
    rest = "".join(lines)
    return f"{rest}{'' if not rest or rest.endswith(chr(10)) else chr(10)}{''.join(added)}"


def plain_path(folder: Path) -> Path:
    """A path to a folder that can be part of SQLite's URLs: Dagster does not quote the `?` and `%` of its own.

    Raises:
        InputError: another user has taken the place of the link that would lead there.
    """
    if not {"?", "%"} & set(str(folder)):
        return folder
    links = Path(tempfile.gettempdir()) / f"fw-assets-{os.getuid()}"
    links.mkdir(mode=0o700, exist_ok=True)
    link = links / digest(str(folder), 16)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder, target_is_directory=True)
    if links.lstat().st_uid != os.getuid() or link.readlink() != folder:
        raise input_error(
            f"{links} does not lead to {folder}, whose name Dagster's storage cannot have in a URL",
            kind="workspace",
            advice="Remove that folder, or use a workspace whose path has neither ? nor %.",
        )
    return link


def _default_blocks() -> Iterator[tuple[str, str]]:
    for block in DAGSTER_YAML.replace("\n  ", "\0").splitlines():
        yield block.partition(":")[0], block.replace("\0", "\n  ") + "\n"


def _is_foreign(text: str, folder: Path) -> bool:
    """Whether a text is the path of an instance in a workspace, or a folder in it, and not of this one."""
    path = Path(text)
    homes = [parent for parent in (path, *path.parents) if parent.name == _FOLDER]
    return path.is_absolute() and bool(homes) and folder.resolve() not in [home.resolve() for home in homes]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value
