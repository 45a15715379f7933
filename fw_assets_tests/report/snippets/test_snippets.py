from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.report.snippets.curl import PLATFORM_URL, curl_snippet
from fw_assets.report.snippets.decision_program import decision_snippets
from fw_assets.report.snippets.snippets import make_snippets, python_snippet
from fw_assets_tests.report.diagnostics_samples import confidence
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import INTENTS, names, request_body

ADDRESS = "accounts/acme/models/m#accounts/acme/deployments/d"
SDK = """
import json
class _Message: content = %r
class _Choice: message = _Message()
class _Reply: choices = [_Choice()]
class _Completions:
    def create(self, **body):
        with open("sent.json", "w") as file: json.dump(body, file)
        return _Reply()
class _Chat: completions = _Completions()
class Fireworks:
    chat = _Chat()
    def __init__(self, **options):
        with open("options.json", "w") as file: json.dump(options, file)
"""


def json_body(labels: list[str], *, several: bool) -> dict[str, Any]:
    one = {"type": "string", "enum": labels}
    kind = {"type": "array", "items": one, "uniqueItems": True} if several else one
    schema = {"type": "object", "properties": {"intent": kind}, "required": ["intent"]}
    response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return {**request_body(labels), "response_format": response_format}


def run(folder: Path, source: str, answer: str, *arguments: str) -> tuple[Any, Any, str]:
    """The request of the program, the arguments of its client, and its output, with a stand-in for the SDK."""
    (folder / "fireworks.py").write_text(SDK % answer, "utf-8")
    (folder / "program.py").write_text(source, "utf-8")
    done = subprocess.run(
        [sys.executable, "program.py", *arguments],
        cwd=folder,
        env={**os.environ, "FIREWORKS_API_KEY": "fw_test", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    sent = json.loads((folder / "sent.json").read_text("utf-8"))
    return sent, json.loads((folder / "options.json").read_text("utf-8")), done.stdout.strip()


@pytest.mark.parametrize("labels", [names(4), names(150), LABELS])
def test_the_program_sends_the_request_that_was_evaluated(tmp_path: Path, labels: tuple[str, ...]) -> None:
    body = request_body(labels)
    source = python_snippet(model=ADDRESS, body=body, account="acme", base_url="http://127.0.0.1:8432/")
    sent, options, printed = run(tmp_path, source, "billing")
    assert sent == {"model": ADDRESS, **body}
    assert options == {"api_key": "fw_test", "account_id": "acme", "base_url": "http://127.0.0.1:8432"}
    assert printed == "billing"


def test_the_program_labels_the_text_it_is_given(tmp_path: Path) -> None:
    source = python_snippet(model=ADDRESS, body=request_body(names(4)), account="acme")
    sent, options, _ = run(tmp_path, source, "sales", "how much is it?")
    assert sent["messages"][-1] == {"role": "user", "content": "how much is it?"}
    assert "base_url" not in options


@pytest.mark.parametrize(
    ("several", "answer", "printed"), [(False, '{"intent": "a"}', "a"), (True, '{"intent": ["a"]}', "['a']")]
)
def test_a_json_answer_is_unpacked(tmp_path: Path, several: bool, answer: str, printed: str) -> None:
    body = json_body(["a", "b"], several=several)
    source = python_snippet(model=ADDRESS, body=body, account="acme")
    assert run(tmp_path, source, answer)[2] == printed


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_written_as_a_literal_of_itself(text: str) -> None:
    body = {"messages": [{"role": "user", "content": text}]}
    tree = ast.parse(python_snippet(model="m", body=body, account="a"))
    (example,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLE"
    ]
    assert ast.literal_eval(example) == text


@pytest.mark.parametrize("text", [*TEXTS, "plain"])
def test_the_shell_passes_the_body_on_unchanged(tmp_path: Path, text: str) -> None:
    body = {**request_body(LABELS), "messages": [{"role": "user", "content": text}]}
    source = curl_snippet(model=ADDRESS, body=body, base_url=None)
    script = 'curl() { printf "%s\\n" "$@" > arguments; cat > body; }\n' + source
    environment = {**os.environ, "FIREWORKS_API_KEY": "fw_test"}
    subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=True)
    assert json.loads((tmp_path / "body").read_text("utf-8")) == {"model": ADDRESS, **body}
    arguments = (tmp_path / "arguments").read_text("utf-8")
    assert f"{PLATFORM_URL}/inference/v1/chat/completions" in arguments
    assert "Authorization: Bearer fw_test" in arguments


def test_neither_snippet_holds_a_key_or_an_invisible_character() -> None:
    body = {"messages": [{"role": "user", "content": "\u202e\u2066\x00"}]}
    snippets = make_snippets(model="m", body=body, account="a")
    for source in (snippets.python, snippets.curl):
        assert all(character == "\n" or character.isprintable() for character in source)
        assert "FIREWORKS_API_KEY" in source


def test_a_request_must_end_with_the_user() -> None:
    with pytest.raises(ValueError, match="user"):
        python_snippet(model="m", body={"messages": [{"role": "system", "content": "x"}]}, account="a")


@pytest.mark.parametrize("helps", [True, False])
@pytest.mark.parametrize(("logprob", "sure"), [(-0.001, True), (-1.2, False)])
def test_the_snippet_leaves_doubtful_rows_to_a_person(
    logprob: float, sure: bool, helps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = confidence(0.85, 3).model_copy(update={"helps": helps})
    if not helps:
        fitted = fitted.model_copy(update={"temperature": 1.0, "shift": 0.0})
    code = python_snippet(model="m", body=request_body(INTENTS), account="a", confidence=fitted)
    assert ("TEMPERATURE" in code) == helps
    asked: list[dict[str, Any]] = []

    class Client:
        def __init__(self, **_: Any) -> None:
            self.chat = SimpleNamespace(completions=SimpleNamespace(create=self.create))

        def create(self, **body: Any) -> Any:
            asked.append(body)
            logprobs = SimpleNamespace(content=[SimpleNamespace(logprob=logprob)])
            message = SimpleNamespace(content="billing")
            return SimpleNamespace(choices=[SimpleNamespace(message=message, logprobs=logprobs)])

    monkeypatch.setitem(__import__("sys").modules, "fireworks", SimpleNamespace(Fireworks=Client))
    monkeypatch.setenv("FIREWORKS_API_KEY", "k")
    monkeypatch.setattr("sys.argv", ["predict"])
    scope: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), scope)
    assert scope["predict"]("anything") == ("billing" if sure else None)
    assert asked[0]["logprobs"] is True
    raw = math.exp(logprob)
    calibrated = 1 / (1 + math.exp(-(math.log(raw / (1 - raw)) / fitted.temperature + fitted.shift)))
    assert fitted.threshold is not None
    assert (calibrated >= fitted.threshold) == sure


@pytest.mark.parametrize(("cutoff", "of_scope"), [(0.999, True), (1e-9, False)])
def test_the_higher_of_two_thresholds_is_the_program_s(cutoff: float, of_scope: bool) -> None:
    fitted = confidence(0.85, 3)
    code = python_snippet(model="m", body=request_body(INTENTS), account="a", confidence=fitted, scope_cutoff=cutoff)
    assert ("taken to belong to no label" in code) == of_scope
    level = fitted.threshold
    if of_scope:
        level = 1 / (1 + math.exp(-(math.log(cutoff / (1 - cutoff)) / fitted.temperature + fitted.shift)))
    assert level is not None
    assert f"{level:.6g}" in code
    alone = python_snippet(model="m", body=request_body(INTENTS), account="a", scope_cutoff=cutoff)
    assert f"THRESHOLD = {cutoff:.6g}" in alone


def decision_program(folder: Path, source: str, answers: dict[str, Any], *arguments: str) -> tuple[Any, str]:
    """The request of a decision's program, and its output, with a server on loopback that gives these answers."""
    sent: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append((self.path, self.headers["Authorization"], json.loads(body)))
            reply = json.dumps({"answers": answers}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        (folder / "program.py").write_text(source.replace(PLATFORM_URL, address), "utf-8")
        done = subprocess.run(
            [sys.executable, "program.py", *arguments],
            cwd=folder,
            env={**os.environ, "FIREWORKS_API_KEY": "fw_test", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            check=True,
        )
        server.shutdown()
    return sent, done.stdout


def test_a_decision_is_asked_and_its_label_printed(tmp_path: Path) -> None:
    criteria = {"a": "a", "b": "b"}
    questions = {"label": {"type": "choice", "instructions": "Which?", "criteria": criteria}}
    state = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "a 'text'"}]
    snippets = decision_snippets(model=ADDRESS, body={"state": state, "questions": questions}, before=("export X",))
    answers = {"label": {"probabilities": {"a": 0.3, "b": 0.7}}}
    sent, printed = decision_program(tmp_path, snippets.python, answers)
    body = {"model": ADDRESS, "state": state, "questions": questions}
    assert (sent, printed) == ([("/inference/v1/systemone", "Bearer fw_test", body)], "b\n")
    assert "/inference/v1/systemone" in snippets.curl
    sent, _ = decision_program(tmp_path, snippets.python, answers, "another")
    assert sent[0][2]["state"][-1] == {"role": "user", "content": "another"}


def test_several_labels_are_those_that_are_more_likely_than_not(tmp_path: Path) -> None:
    questions = {
        f"label_{index}": {"type": "noul", "instructions": "?", "criteria": {"true": name}}
        for index, name in enumerate("abc")
    }
    answers = {f"label_{index}": {"noul": p} for index, p in enumerate((0.9, 0.1, 0.5))}
    body = {"state": "text", "questions": questions}
    source = decision_snippets(model=ADDRESS, body=body, labels="abc").python
    assert decision_program(tmp_path, source, answers)[1] == "['a', 'c']\n"


@pytest.mark.parametrize(("allow_empty", "printed"), [(True, "['b']\n"), (False, "['a', 'b']\n")])
def test_several_labels_are_those_that_reach_their_thresholds(tmp_path: Path, allow_empty: bool, printed: str) -> None:
    questions = {
        f"label_{index}": {"type": "noul", "instructions": "?", "criteria": {"true": f"{name}: what it means"}}
        for index, name in enumerate("abc")
    }
    answers = {f"label_{index}": {"noul": p} for index, p in enumerate((0.6, 0.1, 0.3))}
    own = (("a", 0.7), ("b", 0.05))
    thresholds = LabelThresholds(rule="per-label", shared=0.4, by_label=own, allow_empty=allow_empty)
    body = {"state": "text", "questions": questions}
    source = decision_snippets(model=ADDRESS, body=body, labels="abc", thresholds=thresholds).python
    assert decision_program(tmp_path, source, answers)[1] == printed


def test_a_doubtful_decision_is_left_to_a_person(tmp_path: Path) -> None:
    questions = {"label": {"type": "choice", "instructions": "?", "criteria": {"a": "a", "b": "b"}}}
    calibrated = confidence(0.9, 1)
    assert calibrated.threshold is not None
    source = decision_snippets(
        model=ADDRESS, body={"state": "text", "questions": questions}, confidence=calibrated
    ).python
    for p, printed in ((0.999999, "a\n"), (0.51, "None\n")):
        answers = {"label": {"probabilities": {"a": p, "b": 1 - p}}}
        assert decision_program(tmp_path, source, answers)[1] == printed
