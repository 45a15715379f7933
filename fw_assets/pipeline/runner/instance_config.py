"""Configuration and path of the Dagster instance in a workspace, wherever the workspace was moved or copied."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from fw_assets.classification.errors import input_error
from fw_assets.classification.values import digest

SPEED_UPS = "fw_assets.dagster_runtime"
"""Package of what Dagster also does by itself, which may be taken away."""


def _default_config() -> str:
    """Configuration of an instance in the workspace, whose runs, events and logs lie beside it.

    Without `SPEED_UPS` it leaves out the blocks that name them, and Dagster does what it does by itself.
    """
    text = Path(__file__).with_name("dagster.yaml").read_text("utf-8")
    if _is_installed(SPEED_UPS):
        return text
    parts = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)
    return "".join(part for part in parts if SPEED_UPS not in part)


def _is_installed(package: str) -> bool:
    with contextlib.suppress(ModuleNotFoundError):
        spec = find_spec(package)
        # A folder in which bytecode alone is left has no location.
        return spec is not None and spec.has_location
    return False


DAGSTER_YAML = _default_config()
FORMER_DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {default_limit: 6, granularity: op}
"""
"""What versions before 0.2 wrote, which had no UI on such an instance."""
RETIRED_MODULES = "fw_assets.pipeline."
"""Named by the configuration that fw-assets wrote into workspaces before it used Dagster's own storage."""
_FOLDER = ".dagster"


def own_config(text: str, folder: Path) -> str:
    """The text of `folder/dagster.yaml` without the blocks that name another workspace's folder or a retired module.

    What is left out is at its default, which is beside the file; what is missing of `DAGSTER_YAML` is added. Everything
    else, comments included, stays as a person wrote it.
    """
    if not text.strip() or text in (DAGSTER_YAML, FORMER_DAGSTER_YAML):
        return DAGSTER_YAML
    try:
        node = yaml.compose(text)
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # Dagster says what is wrong with it
    if not isinstance(values, dict):
        return text
    lines, foreign = text.splitlines(keepends=True), set[str]()
    for key, start, end in reversed(_blocks(node)):
        strings = list(_strings(values[key]))
        if any(item.startswith(RETIRED_MODULES) or _is_foreign(item, folder) for item in strings):
            foreign.add(key)
            del lines[start:end]
    rest = "".join(lines)
    if not rest.strip():
        return DAGSTER_YAML
    kept, default = values.keys() - foreign, DAGSTER_YAML.splitlines(keepends=True)
    missing = [block for block in _blocks(yaml.compose(DAGSTER_YAML)) if block[0] not in kept] if foreign else []
    added = [line for _, start, end in missing for line in default[start:end]]
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


def _blocks(node: yaml.Node | None) -> list[tuple[str, int, int]]:
    """Each key of a document with its first line and the line after its last."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [(key.value, key.start_mark.line, value.end_mark.line + (value.end_mark.column > 0)) for key, value in pairs]


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
