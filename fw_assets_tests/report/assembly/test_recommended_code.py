from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.report.assembly.recommended_code import MAX_TEXT, PLAIN, Served, recommended_code
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Run, Snippets
from fw_assets.report.sections.answer import questions
from fw_assets_tests.report.advice.test_headline import KEPT, decided
from fw_assets_tests.report.hostile import TEXTS
from fw_assets_tests.report.samples import sample_report
from fw_assets_tests.report.workflow import planned

ENDPOINT = "https://api.fireworks.ai/inference/v1/chat/completions"
BASE = Served(
    address="accounts/fireworks/models/qwen3-8b",
    endpoint=ENDPOINT,
    model="accounts/fireworks/models/qwen3-8b",
    kind="base",
    deployed=False,
)


def code(turns: list[dict[str, Any]], served: Served | None = BASE, free: str | None = None) -> Snippets:
    prompt: Prompt = planned()[1]
    found = recommended_code(
        prompt,
        served,
        Run(platform="fireworks", account="acme"),
        json.dumps(turns),
        (),
        None,
        predict="fw-assets predict tickets",
        free=free,
    )
    assert found is not None
    return found


def asked(snippets: Snippets) -> list[dict[str, Any]]:
    body = json.loads(snippets.curl.split("<<'BODY'\n")[1].rsplit("BODY", 1)[0])
    return list(body["messages"])


def test_a_model_that_is_kept_as_it_is_has_code_with_the_prompt_of_the_evaluation() -> None:
    snippets = code([{"role": "user", "content": "Where is my card?"}, {"role": "assistant", "content": "billing"}])
    assert snippets.asks == "qwen3-8b, as it is"
    assert asked(snippets) == [
        {"role": "system", "content": planned()[1].system},
        {"role": "user", "content": "Where is my card?"},
    ]
    assert 'MODEL = "accounts/fireworks/models/qwen3-8b"' in snippets.python
    assert snippets.commands == ("fw-assets predict tickets 'Where is my card?'",)


def test_code_of_a_few_shot_model_has_the_examples_of_its_text_and_says_who_chooses_others() -> None:
    examples = [
        {"role": role, "content": text} for text, role in [("word " * 400, "user"), ("billing", "assistant")] * 4
    ]
    served = replace(BASE, model="accounts/fireworks/models/qwen3-8b+knn-4", few_shot=True)
    snippets = code([*examples, {"role": "user", "content": "Where is my card?"}], served)
    assert asked(snippets)[1:-1] == examples
    assert snippets.asks.startswith("qwen3-8b+knn-4, as it is, with the examples of this text")
    assert "`fw-assets predict`" in snippets.asks
    assert 'MODEL = "accounts/fireworks/models/qwen3-8b"' in snippets.python


def test_a_kept_model_is_called_where_the_report_says() -> None:
    report = sample_report(deployment=decided("keep-base"), winner=KEPT)
    snippets = code([{"role": "user", "content": "Where is my card?"}])
    report = report.model_copy(update={"snippets": snippets})
    replies = dict(questions(report))
    assert replies["Which model to call?"] == "accounts/fireworks/models/qwen3-8b"
    assert replies["At which endpoint?"] == ENDPOINT
    assert replies["What now?"].endswith("Ask it with the code under “Use it”.")
    for text in (render_markdown(report), render_html(report)):
        assert "The code asks" in text
        assert "fw-assets predict tickets" in text


def test_a_free_model_has_its_command_without_any_other() -> None:
    snippets = code([{"role": "user", "content": "Where is my card?"}], None, "TF-IDF with logistic regression")
    assert (snippets.python, snippets.curl, snippets.model) == ("", "", "")
    (command,) = snippets.commands
    assert shlex.split(command, comments=True) == ["fw-assets", "predict", "tickets", "--free", "Where is my card?"]
    page = render_html(sample_report(snippets=snippets))
    assert "From the command line" in page
    assert "With curl" not in page


def test_nothing_is_recommended_without_a_model() -> None:
    run = Run(platform="fireworks")
    assert recommended_code(planned()[1], None, run, None, (), None, predict="fw-assets predict x", free=None) is None


def test_long_texts_and_conversations_are_cut() -> None:
    history = [{"role": role, "content": "word " * 200} for role in ("user", "assistant") * 4]
    turns = [{"role": "system", "content": "Be kind."}, *history, {"role": "user", "content": "long " * 20_000}]
    snippets = code(turns)
    assert len(snippets.python) + len(snippets.curl) < 5_000
    messages = asked(snippets)
    assert [turn["role"] for turn in messages] == ["system", "user"]
    assert "Be kind." in messages[0]["content"]
    assert len(messages[-1]["content"]) <= MAX_TEXT
    assert messages[-1]["content"].endswith("…")
    short = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "How can I help?"}, turns[-1]]
    assert [turn["role"] for turn in asked(code(short))] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("text", [*TEXTS, "-rf / is what I typed", "it's $HOME `x`", " ", "\ud800"])
def test_commands_hold_any_text_as_one_argument(text: str) -> None:
    (command,) = code([{"role": "user", "content": text}]).commands
    words = shlex.split(command)
    shown = " ".join(text.encode("utf-8", "replace").decode().split()) or PLAIN
    assert words[-1] == shown
    assert ("--" in words) == shown.startswith("-")
    assert "\n" not in command
