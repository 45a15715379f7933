from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

transformers = pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.chat_prompt import CONTENT_FREE, ChatPrompt
from fw_assets_tests.embedded.engine.language_model.tiny_models import ALTERNATING, CHATML, conversation, make_folder


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ChatPrompt]:
    made = {}
    for name, template in {"chatml": CHATML, "alternating": ALTERNATING, "none": None}.items():
        folder = make_folder("llama", tmp_path_factory.mktemp(name), template, layers=2)
        made[name] = ChatPrompt(transformers.AutoTokenizer.from_pretrained(folder), 512)
    return made


def written(prompt: ChatPrompt, *turns: tuple[str, str], max_tokens: int = 512) -> tuple[str, str]:
    tokens = prompt.encode(json.dumps(turns), max_tokens)
    decode: Any = prompt._tokenizer.decode
    return decode(tokens.prefix), decode(tokens.row)


def test_the_models_own_template_is_used_without_thinking(prompts: dict[str, ChatPrompt]) -> None:
    prefix, row = written(prompts["chatml"], ("system", "choose"), ("user", "where is my card"))
    assert prefix == "<|im_start|>system\nchoose<|im_end|>\n<|im_start|>user\n"
    assert row == "where is my card<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


@pytest.mark.parametrize(
    ("tail", "end"),
    [
        ("{% if thinking %}<think>\n{% else %}</think>{% endif %}", "</think>"),
        ("{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}", ""),
        ("<think>\n", "<think>\n\n</think>\n\n"),
        ("<think>", "<think>\n\n</think>\n\n"),
    ],
    ids=["by another name", "on unless it is told otherwise", "always begun", "always begun, without a line"],
)
def test_thinking_is_off_however_the_template_begins_it(tmp_path: Path, tail: str, end: str) -> None:
    plain = CHATML.partition("{% if enable_thinking")[0]
    folder = make_folder("llama", tmp_path, f"{plain}{tail}{{% endif %}}", layers=2)
    prompt = ChatPrompt(transformers.AutoTokenizer.from_pretrained(folder), 512)
    _, row = written(prompt, ("system", "choose"), ("user", "where is my card"))
    assert row == f"where is my card<|im_end|>\n<|im_start|>assistant\n{end}"


def test_a_template_without_a_system_role_gets_it_in_the_users_turn(prompts: dict[str, ChatPrompt]) -> None:
    prefix, row = written(prompts["alternating"], ("system", "choose"), ("user", "where is my card"))
    assert prefix + row == "<bos><|im_start|>user\nchoose\n\nwhere is my card<|im_end|>\n<|im_start|>assistant\n"


def test_a_model_without_a_template_gets_plain_text(prompts: dict[str, ChatPrompt]) -> None:
    prefix, row = written(prompts["none"], ("system", "choose"), ("user", "where is my card"))
    assert prefix + row == "<bos>choose\n\nwhere is my card\n\nAnswer:"


def test_earlier_turns_are_read_and_only_the_instructions_are_shared(prompts: dict[str, ChatPrompt]) -> None:
    turns = (("system", "choose"), ("user", "hello"), ("assistant", "yes?"), ("user", "my card"))
    prefix, row = written(prompts["chatml"], *turns)
    assert prefix == "<|im_start|>system\nchoose<|im_end|>\n<|im_start|>user\n"
    assert row.startswith("hello<|im_end|>\n<|im_start|>assistant\nyes?<|im_end|>\n<|im_start|>user\nmy card<|im_end|>")


def test_a_long_text_loses_its_end_and_nothing_else(prompts: dict[str, ChatPrompt]) -> None:
    prompt, text = prompts["chatml"], "where is my card " * 200
    tokens = prompt.encode(conversation(text), 100)
    assert len(tokens) == 100
    row = prompt._tokenizer.decode(tokens.row)
    assert row.startswith("where is my card")
    assert row.endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert len(prompt.encode(conversation(text), 10_000, room=7)) == 512 - 7


def test_instructions_without_room_for_a_text_are_refused(prompts: dict[str, ChatPrompt]) -> None:
    with pytest.raises(EngineError, match=r"leaves no room for that in 20"):
        prompts["chatml"].encode(conversation("hello"), 20)


@pytest.mark.parametrize(("name", "end"), [("chatml", "<|im_end|>"), ("alternating", "<|im_end|>"), ("none", "<eos>")])
def test_answers_end_as_turns_do(prompts: dict[str, ChatPrompt], name: str, end: str) -> None:
    prompt = prompts[name]
    answer = prompt.encode_answer("card arrival")
    assert prompt._tokenizer.convert_ids_to_tokens(answer[-1]) == end
    assert prompt.decode(answer[:-1]) == "card arrival"


def test_content_free_prompts_say_nothing_in_the_last_text(prompts: dict[str, ChatPrompt]) -> None:
    empty = [json.loads(text) for text in prompts["chatml"].content_free(conversation("my card", "choose"))]
    assert empty == [[["system", "choose"], ["user", text]] for text in CONTENT_FREE]


def test_a_folder_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    folder = make_folder("llama", tmp_path, layers=2)
    assert transformers.AutoTokenizer.from_pretrained(folder).chat_template == CHATML


def test_an_answer_that_the_context_has_no_room_for_is_named(prompts: dict[str, ChatPrompt]) -> None:
    with pytest.raises(EngineError, match=r"the answer has 600 tokens, which leaves no room .* in a context of 512"):
        prompts["chatml"].encode(conversation("where is my card"), 512, 600)
