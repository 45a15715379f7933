"""Places of wrong attributes: the file and the line of `defs.yaml` that an error of the input is about."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fw_assets.classification.errors import InputError, Problem

ADVICE = "Correct the attribute, and reload the definitions; nothing was started."


def placed(error: InputError, folder: Path, project: Path) -> InputError:
    """The error with the file and the line of each attribute that it names; itself where there is no such file."""
    file = folder / "defs.yaml"
    if not file.is_file():
        return error
    return InputError([_placed(problem, file, project) for problem in error.problems], advice=ADVICE)


def _placed(problem: Problem, file: Path, project: Path) -> Problem:
    if problem.file is not None or problem.field is None:
        return problem
    shown = file.relative_to(project) if file.is_relative_to(project) else file
    return replace(problem, file=str(shown), line=_line(file, re.split(r"[.\[]", problem.field)[0]))


def _line(file: Path, attribute: str) -> int | None:
    """The 1-based line of an attribute; None where several components of the file have it, or none."""
    import yaml

    lines = []
    for document in yaml.compose_all(file.read_text("utf-8"), Loader=yaml.SafeLoader):
        for name, value in document.value if isinstance(document, yaml.MappingNode) else ():
            if name.value == "attributes" and isinstance(value, yaml.MappingNode):
                lines += [key.start_mark.line + 1 for key, _ in value.value if key.value == attribute]
    return lines[0] if len(lines) == 1 else None
