"""Which room may import which, when an import may wait, and what importing may cost."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.import_floors import ROOT, circle, floors, import_graph, imported, module_name, room_graph

ROOMS: dict[str, dict[str, str]] = {
    "fw_assets": {
        "classification": "",
        "code_location": "",
        "exit_codes": "",
        "ports": "",
        "embedded": "ports",
        "fireworks": "",
        "report": "classification",
        "dotenv_file": "classification",
        "settings": "classification dotenv_file",
        "workspace": "classification",
        "pipeline": "classification code_location embedded exit_codes fireworks report settings workspace",
        "webserver": "classification code_location pipeline ports settings workspace",
        "console": "classification pipeline",
        "dagster_runtime": "code_location pipeline",
        "components": "classification fireworks pipeline report settings workspace",
        "definitions": "components pipeline",
        "api": "classification report settings workspace pipeline console",
        "commands": "classification code_location embedded exit_codes fireworks report settings workspace pipeline "
        "console api ports",
        "cli": "classification code_location settings pipeline webserver commands",
        "__main__": "cli",
    },
    "classification": {
        "arm": "",
        "errors": "",
        "values": "",
        "visible_text": "",
        "spelling": "visible_text",
        "dataset": "errors values",
        "documents": "",
        "fields": "values",
        "clusters": "",
        "gate_policy": "values",
        "mistake_costs": "errors",
        "label_descriptions": "errors",
        "label_thresholds": "values",
        "near_names": "",
        "taxonomy": "errors values near_names",
        "model_endpoint": "values",
        "intervals": "values",
        "yaml_file": "errors",
        "dataset_url": "",
        "dataset_reference": "errors dataset_url values",
        "session": "arm gate_policy label_descriptions label_thresholds mistake_costs model_endpoint taxonomy values",
        "session_input": "errors dataset_reference gate_policy label_descriptions model_endpoint near_names session "
        "taxonomy yaml_file",
        "catalogue": "arm errors values model_endpoint session",
        "session_fields": "session",
        "splits": "errors values dataset session",
        "slices": "values dataset",
        "cost": "arm errors values dataset yaml_file session catalogue",
        "instruction": "errors values session catalogue",
        "formats": "errors values dataset documents",
        "unlabelled": "errors dataset formats",
        "labels": "errors values visible_text spelling dataset fields formats intervals session splits slices",
        "objects": "errors dataset fields session labels",
        "prompting": "errors values dataset fields label_thresholds labels",
        "arms": "arm errors values dataset labels splits cost prompting taxonomy",
        "request_form": "values prompting",
        "metrics": "values fields clusters intervals label_thresholds mistake_costs prompting",
        "baselines": "values dataset label_thresholds prompting metrics",
        "scope": "errors values clusters intervals near_names prompting metrics",
        "selection": "arm values clusters gate_policy mistake_costs intervals session slices metrics",
        "cascade": "values clusters intervals",
        "hierarchy": "clusters intervals taxonomy values selection",
        "gate": "values gate_policy session metrics selection",
        "plan": "arm arms errors values label_descriptions label_thresholds mistake_costs session catalogue cost "
        "labels scope selection splits taxonomy",
    },
    "pipeline": {
        "asset_table": "",
        "errors": "",
        "input_digests": "",
        "machine": "",
        "progress": "",
        "run_origin": "",
        "run_config": "",
        "storage": "",
        "stored_fields": "",
        "workflow": "",
        "partitions": "workflow",
        "config": "run_config",
        "signature": "errors",
        "failures": "errors",
        "values": "errors input_digests run_config workflow",
        "budget": "errors values workflow",
        "phases": "asset_table failures input_digests run_config stored_fields budget",
        "jobs": "phases workflow",
        "standing": "machine run_config phases values workflow",
        "platform": "progress values",
        "planning": "errors values platform workflow",
        "run_tags": "phases workflow",
        "approvals": "errors values budget workflow",
        "registration": "run_config values platform",
        "run_workers": "machine run_tags",
        "evaluation": "errors progress values budget platform planning approvals workflow",
        "free_models": "errors input_digests values platform evaluation workflow",
        "prediction": "errors input_digests machine progress values budget platform planning registration evaluation "
        "free_models workflow",
        "exporting": "errors values platform evaluation workflow",
        "reporting": "input_digests phases values budget platform planning approvals free_models workflow",
        "resources": "platform run_origin run_tags run_workers workflow",
        "runner": "errors machine partitions progress run_config failures values budget phases jobs platform planning "
        "run_origin run_tags run_workers evaluation reporting workflow",
        "ui": "asset_table run_config values workflow",
        "steps": "asset_table errors input_digests machine partitions progress stored_fields failures phases values "
        "budget platform planning run_tags approvals resources ui workflow",
        "assets": "errors input_digests partitions progress run_config config phases values budget platform "
        "planning run_tags approvals registration evaluation free_models reporting resources ui steps "
        "signature workflow",
        "automation": "machine partitions progress run_config config phases values "
        "failures jobs platform planning run_tags approvals registration resources runner standing steps "
        "run_origin ui workflow",
    },
    "report": {
        "escape": "",
        "formatting": "",
        "glossary": "",
        "schema": "",
        "table": "",
        "arms": "formatting schema table",
        "fields": "formatting schema table",
        "imbalance": "formatting glossary schema table",
        "sections": "arms formatting glossary schema table fields imbalance",
        "advice": "formatting imbalance schema sections",
        "confusion": "formatting schema sections table",
        "free_models": "formatting schema sections table",
        "cascades": "formatting schema sections table",
        "trend": "formatting schema table",
        "distributions": "formatting schema sections table",
        "scope": "formatting schema sections table",
        "hierarchy": "formatting schema sections table",
        "card": "formatting schema table fields imbalance sections",
        "plan": "formatting glossary schema sections table",
        "snippets": "formatting schema",
        "assembly": "formatting glossary schema sections snippets",
        "plots": "formatting schema confusion sections trend",
        "rendering": "arms escape formatting schema table fields imbalance advice confusion card plan sections trend "
        "distributions free_models cascades hierarchy scope plots",
    },
    "embedded": {
        "errors": "",
        "message_text": "",
        "settings": "",
        "file_checksums": "",
        "engine": "file_checksums message_text settings",
        "store": "errors",
        "http": "errors store",
        "inference_server": "errors settings engine",
        "records": "errors file_checksums settings engine store inference_server",
        "inference": "errors message_text engine store inference_server records",
        "decisions": "errors engine store inference",
        "jobs": "errors file_checksums message_text settings engine store inference_server records inference",
        "exporting": "errors engine inference",
        "endpoints": "errors file_checksums message_text settings engine store http inference_server records inference "
        "decisions jobs",
        "routes": "store http inference endpoints",
        "openapi": "decisions routes",
        "app": "errors settings store http routes openapi",
        "early_import": "engine",
        "server": "store records app early_import",
    },
}
"""Per package: each room and the rooms of the same package that it imports, which all stand above it in the table."""

FOREIGN = {
    "classification": {"dagster", "httpx"},
    "embedded": {"dagster", "httpx"},
    "fireworks": {"dagster"},
    "report": {"dagster", "httpx"},
    "workspace": {"dagster", "httpx"},
}
"""Third-party packages that no module of a package may import."""

HEAVY = {
    *("dagster", "dagster_webserver", "dagster_graphql", "aiohttp", "anyio", "httpx", "starlette", "uvicorn"),
    *("numpy", "onnx", "onnxruntime", "pandera", "polars", "safetensors", "scipy", "sklearn", "tokenizers"),
    *("torch", "transformers", "gguf", "huggingface_hub"),
    *("charset_normalizer", "fastexcel", "fsspec", "jinja2", "rich", "sqlalchemy", "yaml", "zstandard"),
}
"""Third-party packages whose import takes long enough that a function may do it."""

LAZY = {
    "__main__": "the program, whose loading Ctrl-C ends without a traceback",
    "components.approval_gate": "the pipeline, as below",
    "components.classification_workflow": "the pipeline, which `dg` loads for every list of components otherwise",
    "embedded.engine.language_model.adding": "the hub's client, which folders of this machine do not need",
    "embedded.engine.language_model.smollm2": "torch, which is missing until the extra is installed",
    "embedded.early_import": "torch, which a thread imports",
    "embedded.engine.scorers": "torch, which only a language model needs",
    "embedded.engine.training": "torch, which only a language model needs",
    "classification.instruction.parser": "a hundred patterns are compiled on import; few commands have an instruction",
    "embedded.jobs.executor": "Ray, which is missing until the extra is installed",
    "embedded.inference_server.answer_scoring": "torch, which an inference server is asked without as well",
    "embedded.exporting.export": "torch, which only a language model needs",
    "embedded.inference.mixed_completion": "torch, which only a language model needs",
    "fireworks._connection": "aiohttp, which a client over another transport never needs",
    "pipeline.platform.platform": "the embedded platform's web framework, for those who use the hosted service",
    "pipeline.registration.registration": "the instruction parser",
    "pipeline.runner.process_pool": "Dagster, which only the forked worker needs",
}
"""Modules that import some of ours inside a function, and why. `cli` and `commands` may too, to start up quickly."""

MAX_FLOORS = {"classification": 9, "pipeline": 10}
MAX_FILES = 20
FLAT = {"fireworks"}
"""Packages that stay flat: private modules behind a tested facade."""


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_import_what_the_table_says(package: str) -> None:
    rooms = room_graph(import_graph(), ROOT.name if package == ROOT.name else f"{ROOT.name}.{package}")
    table = {room: set(allowed.split()) for room, allowed in ROOMS[package].items()}
    wrong = [f"{room} imports {other}" for room, others in rooms.items() for other in others - table.get(room, set())]
    unused = [f"{room} does not import {other}" for room, others in table.items() for other in others - rooms[room]]
    assert (wrong, unused, set(table) - set(rooms)) == ([], [], set())


@pytest.mark.parametrize("package", ROOMS)
def test_the_table_reads_from_the_bottom_up(package: str) -> None:
    """So it holds no circle."""
    below: set[str] = set()
    for room, allowed in ROOMS[package].items():
        assert set(allowed.split()) <= below
        below.add(room)
    assert len(floors(room_graph(import_graph(), f"{ROOT.name}.{package}"))) <= MAX_FLOORS.get(package, 99)


def test_no_file_imports_itself_by_a_circle() -> None:
    assert circle(import_graph()) == []


def test_rooms_are_small_and_say_what_they_are() -> None:
    for folder in {path.parent for path in ROOT.rglob("*.py")}:
        files = sorted(folder.glob("*.py"))
        assert len(files) <= MAX_FILES or folder.name in FLAT, folder
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


def test_no_asset_imports_another() -> None:
    assets = [path for path in (ROOT / "pipeline" / "assets").glob("*.py") if path.name != "__init__.py"]
    names = {module_name(path) for path in assets}
    assert {module_name(path): imported(path, names) for path in assets} == {name: set() for name in names}


@pytest.mark.parametrize("package", sorted(FOREIGN))
def test_packages_import_no_foreign_framework(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in _third_party_of(path)
        if name in FOREIGN[package]
    ]
    assert wrong == []


def test_imports_inside_functions_are_for_start_up_time_alone() -> None:
    own, foreign = set(), []
    modules = set(import_graph())
    for path in ROOT.rglob("*.py"):
        module = module_name(path).removeprefix(f"{ROOT.name}.")
        for statement in _inside_functions(ast.parse(path.read_text("utf-8"))):
            tree = ast.Module([statement], [])
            if _names_ours(statement, modules):
                own.add(module)
            foreign += [f"{module} imports {name}" for name in _third_party(tree) - HEAVY]
    own = {module for module in own if not module.startswith(("cli", "commands"))}
    assert (own, foreign) == (set(LAZY), [])


def test_one_module_imports_transformers() -> None:
    """Its interfaces change with every minor version."""
    importing = [module_name(path) for path in ROOT.rglob("*.py") if "transformers" in _third_party_of(path)]
    assert importing == ["fw_assets.embedded.engine.language_model.pretrained"]


def test_one_module_imports_ray() -> None:
    importing = [module_name(path) for path in ROOT.rglob("*.py") if "ray" in _third_party_of(path)]
    assert importing == ["fw_assets.embedded.jobs.ray_cluster"]


def _inside_functions(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node


def _names_ours(statement: ast.Import | ast.ImportFrom, modules: set[str]) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.level > 0 or (statement.module or "") in modules
    return any(alias.name in modules for alias in statement.names)


@functools.cache
def _third_party_of(path: Path) -> set[str]:
    return _third_party(ast.parse(path.read_text("utf-8")))


def _third_party(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names) - {ROOT.name}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("fw_assets", ["pydantic", "click", "dagster", "polars"]),
        ("fw_assets.cli", ["dagster", "polars", "onnxruntime", "pandera"]),
        ("fw_assets.commands", ["dagster", "onnxruntime", "pandera", "sklearn"]),
        ("fw_assets.classification.labels.inspection", ["dagster", "httpx", "pandera", "sklearn"]),
        ("fw_assets.components", ["polars", "httpx", "fsspec", "sqlalchemy"]),
        ("fw_assets.definitions", ["pandera", "onnxruntime", "uvicorn"]),
        ("fw_assets.embedded.app", ["torch", "transformers", "huggingface_hub", "ray"]),
    ],
)
def test_importing_stays_light(module: str, absent: list[str]) -> None:
    """Every run process pays for what is imported at the top of a module."""
    code = f"import sys, {module}; print([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
