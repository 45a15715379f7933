from __future__ import annotations

import json

import pytest

from fw_assets.classification.prompting.prompt import Prompt, make_prompt, request, training_example
from fw_assets_tests.classification.prompts import label_set, prompt_for, split_rows

LABELS = ("billing", "technical")
CHAT = json.dumps(
    [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi", "weight": 1},
        {"role": "user", "content": [{"type": "text", "text": "charged twice"}], "name": "ann"},
        {"role": "assistant", "content": "billing"},
    ]
)


def test_text_answers_are_constrained_by_a_grammar_over_the_rendered_answers() -> None:
    body = request(prompt_for(LABELS), CHAT)
    assert body["response_format"] == {"type": "grammar", "grammar": 'root ::= "billing" | "technical"'}
    body = request(prompt_for(LABELS, rule="xml_tag", key="i"), CHAT)
    assert body["response_format"]["grammar"] == 'root ::= "<i>billing</i>" | "<i>technical</i>"'


def test_json_answers_are_constrained_by_a_schema() -> None:
    schema = request(prompt_for(LABELS, rule="json_key", key="intent"), CHAT)["response_format"]["json_schema"][
        "schema"
    ]
    assert schema["properties"] == {"intent": {"type": "string", "enum": list(LABELS)}}
    assert schema["required"] == ["intent"]


def test_several_labels_are_a_list_of_labels_in_the_schema_that_the_service_supports() -> None:
    prompt = prompt_for(LABELS, rule="ground_truth", multi_label=True)
    schema = request(prompt, CHAT)["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["labels"] == {"type": "array", "items": {"type": "string", "enum": list(LABELS)}}
    assert training_example(prompt, CHAT, ["technical"])["messages"][-1]["content"] == '{"labels": ["technical"]}'
    assert json.loads(prompt.render([])) == {"labels": []}


def test_the_request_leaves_out_the_answer_and_training_weights_only() -> None:
    body = request(prompt_for(LABELS), CHAT)
    assert [turn["role"] for turn in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][2] == {"role": "assistant", "content": "hi"}
    assert body["messages"][3]["name"] == "ann"
    assert body["messages"][3]["content"] == [{"type": "text", "text": "charged twice"}]
    assert body["temperature"] == 0
    assert body["logprobs"] is True
    assert "model" not in body


def test_the_label_list_joins_the_rows_own_system_message() -> None:
    first = request(prompt_for(LABELS), CHAT)["messages"][0]["content"]
    assert first.startswith("You help.\n\n")
    assert "- billing\n- technical" in first


@pytest.mark.parametrize("rule", ["whole_message", "json_key", "boxed", "label_prefix", "fenced_block", "last_line"])
def test_training_shows_the_turns_of_the_request_and_the_answer_that_is_expected(rule: str) -> None:
    prompt = prompt_for(LABELS, rule=rule, key="intent")
    example = training_example(prompt, CHAT, ["technical"], weight=2.5)
    *turns, answer = example["messages"]
    assert [{k: v for k, v in turn.items() if k != "weight"} for turn in turns] == request(prompt, CHAT)["messages"]
    assert answer == {"role": "assistant", "content": prompt.render(["technical"])}
    assert example["weight"] == 2.5


def test_earlier_assistant_turns_are_not_learned_unless_asked_for() -> None:
    prompt = prompt_for(LABELS)
    plain = json.dumps([{"role": r, "content": r} for r in ("user", "assistant", "user", "assistant")])
    assert training_example(prompt, plain, ["billing"])["messages"][2]["weight"] == 0
    assert training_example(prompt, CHAT, ["billing"])["messages"][2]["weight"] == 1
    assert "weight" not in training_example(prompt, plain, ["billing"])


def named(system: str, user: str = "hello") -> Prompt:
    rows = split_rows([[("system", system), ("user", user), ("assistant", "billing")]], [["billing"]])
    return make_prompt(rows, label_set(LABELS))


def test_rows_that_name_the_labels_get_no_list() -> None:
    assert named("Say billing or technical.").system is None
    assert named("Say billing.", "Technical?").system is None
    assert named("Say billing or technically.").system is not None


def test_one_row_that_does_not_name_them_is_enough_for_the_list() -> None:
    good = [("system", "Say billing or technical."), ("user", "hello")]
    rows = split_rows([good, [("user", "hello")]], [["billing"]] * 2)
    assert make_prompt(rows, label_set(LABELS)).system is not None


def test_the_answer_alone_does_not_name_the_labels() -> None:
    rows = split_rows([[("user", "x"), ("assistant", "billing technical")]], [["billing"]])
    assert make_prompt(rows, label_set(LABELS)).system is not None


def test_a_list_in_json_is_always_explained() -> None:
    rows = split_rows([[("system", "Say billing or technical."), ("user", "x")]], [["billing"]])
    prompt = make_prompt(rows, label_set(LABELS, rule="ground_truth", multi_label=True))
    assert '{"labels": ["..."]}' in (prompt.system or "")


def test_there_is_room_for_the_longest_answer() -> None:
    for rule in ("whole_message", "json_key", "xml_tag"):
        prompt = prompt_for(["a", "ü" * 40], rule=rule, key="intent")
        assert prompt.max_tokens >= max(len(prompt.render([label]).encode()) for label in prompt.labels) + 1


def test_the_digest_changes_with_what_is_asked_and_with_nothing_else() -> None:
    prompts = [
        prompt_for(LABELS),
        prompt_for(LABELS[::-1]),
        prompt_for(LABELS, rule="json_key", key="a"),
        prompt_for(LABELS, rule="json_key", key="b"),
        prompt_for(LABELS).unconstrained(),
    ]
    assert len({prompt.digest for prompt in prompts}) == len(prompts)
    assert prompt_for(LABELS).digest == prompts[0].digest
    assert Prompt.model_validate_json(prompts[0].model_dump_json()).digest == prompts[0].digest


def test_asking_freely_differs_in_the_constraint_alone() -> None:
    prompt = prompt_for(LABELS)
    constrained, free = request(prompt, CHAT), request(prompt.unconstrained(), CHAT)
    assert "response_format" not in free
    assert free == {name: value for name, value in constrained.items() if name != "response_format"}


def test_models_that_refuse_reasoning_effort_are_asked_without() -> None:
    prompt = prompt_for(LABELS)
    assert request(prompt, CHAT)["reasoning_effort"] == "none"
    assert "reasoning_effort" not in request(prompt.model_copy(update={"reasoning_effort": None}), CHAT)


def test_labels_that_cannot_stand_on_a_line_are_quoted_in_the_list() -> None:
    system = prompt_for(["a\nb", "c"]).system or ""
    assert '- "a\\nb"\n- c' in system
