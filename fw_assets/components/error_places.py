"""Places of wrong attributes: the file and the line of `defs.yaml` that an error of the input is about."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from fw_assets.classification.errors import InputError, Problem

if TYPE_CHECKING:
    import yaml

ADVICE = "Correct the attribute, and reload the definitions; nothing was started."


FILES = ("defs.yaml", "defs.yml")


def faults_of(error: ValidationError) -> InputError:
    """The error of attributes that are not of their kind."""
    faults = error.errors(include_url=False)
    return InputError(
        [
            Problem(
                kind="component",
                field=".".join(str(part) for part in fault["loc"]),
                message=f"{fault['msg']} (found {reprlib.repr(fault['input'])})",
            )
            for fault in faults
        ]
    )


def placed(error: InputError, folder: Path, project: Path) -> InputError:
    """The error with the file and the line of each attribute that it names; itself where there is no such file."""
    file = file_of(folder)
    if file is None:
        return error
    return InputError([_placed(problem, file, project) for problem in error.problems], advice=ADVICE)


def file_of(folder: Path) -> Path | None:
    """The file of a folder that defines components."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def place_of(attribute: str, folder: Path, project: Path) -> str:
    """The file that defines the components of a folder, and the line of an attribute where that is known."""
    file = file_of(folder)
    if file is None:
        return shown(folder, project)
    line = _line(file, _path(attribute))
    return shown(file, project) + ("" if line is None else f":{line}")


def shown(file: Path, project: Path) -> str:
    """The path of a file as messages show it."""
    return str(file.relative_to(project) if file.is_relative_to(project) else file)


def _placed(problem: Problem, file: Path, project: Path) -> Problem:
    if problem.file is not None:
        return problem
    if problem.field is None:
        return replace(problem, file=shown(file, project))
    return replace(problem, file=shown(file, project), line=_line(file, _path(problem.field)))


def _path(field: str) -> list[str]:
    """The keys of an attribute below each other."""
    return re.split(r"[.\[]", field)


def _line(file: Path, path: Sequence[str]) -> int | None:
    """The 1-based line of an attribute; None where several components of the file have it, or none.

    Args:
        path: the attribute, and keys below each other in its value. The last that is there counts.
    """
    import yaml

    lines = []
    for document in yaml.compose_all(file.read_text("utf-8"), Loader=yaml.SafeLoader):
        entries = _entries(document).get("attributes")
        found = None
        for name in path:
            entry = _entries(entries[1] if entries else None).get(name)
            if entry is None:
                break
            found = entries = entry
        if found is not None:
            lines.append(found[0].start_mark.line + 1)
    return lines[0] if len(lines) == 1 else None


def _entries(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The key and the value of each entry of a mapping; none of anything else."""
    pairs = getattr(node, "value", None)
    if not isinstance(pairs, list):
        return {}
    return {pair[0].value: pair for pair in pairs if isinstance(pair, tuple)}
