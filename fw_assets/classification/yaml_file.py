"""YAML files of users, read within limits: aliases must not expand beyond memory, and no key may be given twice."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fw_assets.classification.errors import InputError, Problem

if TYPE_CHECKING:
    import yaml

MAX_CHARACTERS = 1_000_000
"""Of a file, and of what it expands to."""


def read_yaml(path: Path, kind: str) -> Any:
    """The content of a YAML (or JSON) file.

    Args:
        kind: that of the problems.

    Raises:
        InputError: the file cannot be read, is too long, is not YAML, or repeats a key.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CHARACTERS + 1)
    except OSError as failure:
        message = f"cannot be read: {failure.strerror}"
        raise InputError([Problem(kind=kind, file=str(path), message=message)]) from None
    return parse_yaml(content, kind, file=str(path))


def parse_yaml(content: bytes, kind: str, *, file: str | None = None, field: str | None = None) -> Any:
    """The value of a YAML (or JSON) text.

    Args:
        file, field: where it comes from, for the error.

    Raises:
        InputError: it is too long, is not YAML, or repeats a key.
    """
    import yaml

    def error(message: str, line: int | None = None) -> InputError:
        at = line if file is not None else None
        return InputError([Problem(kind=kind, file=file, field=field, line=at, message=message)])

    try:
        if len(content) > MAX_CHARACTERS:
            raise error(f"is over {MAX_CHARACTERS // 1_000_000} MB long; is it the right file?")
        loader = yaml.SafeLoader(content.decode("utf-8"))
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if (repeated := _repeated_key(node)) is not None:
                key, line = repeated
                raise error(f"{key!r} is given twice; keep one of the two", line)
            if _size(node) > MAX_CHARACTERS:
                raise error("expands beyond any use by its aliases (`*name`); write out what is meant")
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise error("is not YAML: nested too deeply") from None
    except (yaml.YAMLError, UnicodeDecodeError) as failure:
        mark = getattr(failure, "problem_mark", None)
        reason = getattr(failure, "problem", None) or getattr(failure, "reason", None) or "not text"
        raise error(f"is not YAML: {reason}", mark.line + 1 if mark is not None else None) from None
    except (ValueError, OverflowError) as failure:
        if isinstance(failure, InputError):
            raise
        raise error(f"is not YAML: {failure}") from None  # such as the date 2024-13-99


def key_line(path: Path, keys: Sequence[str]) -> int | None:
    """The line of a key in a YAML file that was read, from 1; None where it has no such key.

    Args:
        keys: of the mappings around it, from the outermost, and its own.
    """
    import yaml

    node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    line: int | None = None
    for key in keys:
        found = [pair for pair in (node.value if isinstance(node, yaml.MappingNode) else ()) if pair[0].value == key]
        if not found:
            return None
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _size(root: yaml.Node) -> int:
    """The number of nodes and characters with every alias written out; infinitely many count as one too many."""
    import yaml

    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MAX_CHARACTERS + 1  # holds for an alias of a node inside itself
            if isinstance(node, yaml.ScalarNode):
                sizes[id(node)] = 1 + len(node.value)
            elif isinstance(node, yaml.MappingNode):
                sizes[id(node)] = 1 + sum(size(key) + size(value) for key, value in node.value)
            else:
                sizes[id(node)] = 1 + sum(map(size, node.value))
        return sizes[id(node)]

    return size(root)


def _repeated_key(root: yaml.Node) -> tuple[str, int] | None:
    """The first key that a mapping holds twice, and its line."""
    import yaml

    pending, visited = [root], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in visited or isinstance(node, yaml.ScalarNode):
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = set[Hashable]()
            for key, value in node.value:
                pending += [key, value]
                if isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in keys:
                        return key.value, key.start_mark.line + 1
                    keys.add((key.tag, key.value))
        else:
            pending += node.value
    return None
