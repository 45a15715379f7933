from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.language_model.greedy_scoring import likely_answers
from fw_assets.embedded.engine.language_model.label_trie import LabelTrie
from fw_assets.embedded.engine.language_model.language_model import NO_PREFIX
from fw_assets.embedded.engine.language_model.tree_scoring import answer_log_probabilities
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation

LABELS = ("refund", "card arrival", "card", "card account", "greeting to you")
TEXTS = (
    "where is my card",
    "hello, good morning to you all, and how are you today my friend, I hope well, since it rains again",
    "refund",
)


def teacher_forced(model: Any, text: str, answer: tuple[int, ...]) -> float:
    """The answer's log probability by the whole network of transformers, one text alone."""
    prompt = model.prompts.encode(text, 512)
    ids = [*prompt.prefix, *prompt.row]
    with torch.no_grad():
        logits = model.pretrained.network(torch.tensor([[*ids, *answer]])).logits[0].log_softmax(-1)
    return float(sum(logits[len(ids) - 1 + offset, token] for offset, token in enumerate(answer)))


def test_a_tree_pass_equals_plain_teacher_forcing(model: Any) -> None:
    texts = [conversation(text) for text in TEXTS]
    answers = [model.prompts.encode_answer(label) for label in LABELS]
    expected = torch.tensor([[teacher_forced(model, text, answer) for answer in answers] for text in texts])
    prompts = [model.prompts.encode(text, 512) for text in texts]
    shared = model.read_prefix(prompts[0].prefix)
    scores = answer_log_probabilities(model, [prompt.row for prompt in prompts], shared, LabelTrie(answers))
    assert (scores - expected).abs().max() < 2e-5
    whole = [(*prompt.prefix, *prompt.row) for prompt in prompts]
    assert (answer_log_probabilities(model, whole, NO_PREFIX, LabelTrie(answers)) - expected).abs().max() < 2e-5


def test_no_row_depends_on_its_batch_mates(model: Any) -> None:
    prompts = [model.prompts.encode(conversation(text), 512) for text in TEXTS]
    prefix, trie = model.read_prefix(prompts[0].prefix), LabelTrie([model.prompts.encode_answer(x) for x in LABELS])
    together = answer_log_probabilities(model, [prompt.row for prompt in prompts], prefix, trie)
    alone = torch.cat([answer_log_probabilities(model, [prompt.row], prefix, trie) for prompt in prompts])
    assert (together - alone).abs().max() < 2e-5


def test_the_search_finds_the_most_probable_label_of_many(model: Any) -> None:
    words = ("refund", "card", "sales", "billing", "technical", "account")
    labels = [f"{one} {two} {three}" for one in words for two in words for three in words[:2]]
    answers = [model.prompts.encode_answer(label) for label in labels]
    prompts = [model.prompts.encode(conversation(text), 512) for text in TEXTS]
    prefix, trie = model.read_prefix(prompts[0].prefix), LabelTrie(answers)
    rows = [prompt.row for prompt in prompts]
    exact = answer_log_probabilities(model, rows, prefix, trie, among_answers=True)
    scores = torch.from_numpy(likely_answers(model, rows, prefix, trie)[0])
    assert (scores.exp().sum(1) - 1).abs().max() < 1e-6
    best = scores.argmax(1)
    assert best.tolist() == exact.argmax(1).tolist()
    rows_index = torch.arange(len(rows))
    assert (scores[rows_index, best] - exact[rows_index, best]).abs().max() < 2e-5
