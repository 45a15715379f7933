"""The import graph of `fw_assets`: floors and circles, of files and of rooms.

    python -m scripts.import_floors [PACKAGE ...]

A room is a sub-package; a module directly below a package is a room of its own. A room's floor is one more than the
highest floor it imports from within the same package, so the number of floors is the longest chain of imports between
rooms. Imports inside functions and under `TYPE_CHECKING` count like all others.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1] / "fw_assets"
Graph = Mapping[str, set[str]]


def module_name(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a source file; a package is named like its folder."""
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, modules: Iterable[str], root: Path = ROOT) -> set[str]:
    """The modules of the package that a file imports, wherever in the file it does so.

    `from a.b import c` is an import of `a.b.c` where that is a module, and of `a.b` otherwise.
    """
    known, names = set(modules), set[str]()
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            names |= {f"{module}.{a.name}" if f"{module}.{a.name}" in known else module for a in node.names}
    return names & known


@cache
def import_graph(root: Path = ROOT) -> Graph:
    """Every module of the package and the modules that it imports."""
    files = {module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    return {name: imported(path, files, root) - {name} for name, path in files.items()}


def room_of(module: str, package: str) -> str | None:
    """The room of `package` that a module is in; None for the package's own `__init__` and for modules elsewhere."""
    inside = module.removeprefix(package + ".")
    return inside.split(".")[0] if inside != module else None


def room_graph(graph: Graph, package: str) -> Graph:
    """The rooms of one package, each with the rooms of the same package that its modules import."""
    rooms: dict[str, set[str]] = {}
    for module, targets in graph.items():
        room = room_of(module, package)
        if room is not None:
            others = {room_of(target, package) for target in targets} - {None, room}
            rooms.setdefault(room, set()).update(filter(None, others))
    return rooms


def circle(graph: Graph) -> list[str]:
    """One circle of imports, first and last element equal; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def floors(graph: Graph) -> list[list[str]]:
    """The nodes of a graph without circles by floor, the ground floor first."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    levels = []
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        levels.append(level)
        sorter.done(*level)
    return levels


def main(packages: Iterable[str]) -> int:
    """Print floors and circles; 1 where there is a circle."""
    graph = import_graph()
    found = circle(graph)
    print(f"{len(graph)} modules; " + (f"a circle of files: {' -> '.join(found)}" if found else "no circle of files"))
    for package in packages:
        rooms = room_graph(graph, f"{ROOT.name}.{package}" if package else ROOT.name)
        looped = circle(rooms)
        if looped:
            found = looped
            print(f"\n{package or ROOT.name}: a circle of rooms: {' -> '.join(looped)}")
            continue
        levels = floors(rooms)
        print(f"\n{package or ROOT.name}: {len(rooms)} rooms on {len(levels)} floors")
        for number in range(len(levels) - 1, -1, -1):
            print(f"  {number + 1:2}  {', '.join(levels[number])}")
    return 1 if found else 0


if __name__ == "__main__":
    packages = [path.name for path in sorted(ROOT.iterdir()) if (path / "__init__.py").is_file()]
    sys.exit(main(sys.argv[1:] or ["", *packages]))
