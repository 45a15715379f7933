from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.label_choice import LabelChoice
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.scorers import load_base_scorer
from fw_assets.embedded.engine.written_answers import Decoding
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation

FEW = ("refund", "card arrival", "greeting")
MANY = tuple(f"{one} {two}" for one in ("refund", "card", "sales", "billing", "account") for two in (*FEW, "label"))
TEXTS = [conversation(text) for text in ("where is my card", "good morning to you", "refund what i paid, all of it")]


@pytest.mark.parametrize("labels", [FEW, MANY])
def test_probabilities_sum_to_one_and_depend_on_no_other_text(
    folder: LanguageModelFolder, labels: tuple[str, ...]
) -> None:
    scorer = load_base_scorer(folder)
    scores = scorer.log_probabilities(TEXTS, labels)
    assert scores.shape == (3, len(labels))
    assert abs(np.exp(scores).sum(axis=1) - 1).max() < 1e-6
    alone = np.concatenate([scorer.log_probabilities([text], labels) for text in TEXTS])
    assert abs(alone - scores).max() < 2e-5


def test_calibration_divides_out_what_the_model_says_of_nothing(model: Any) -> None:
    plain = LabelChoice(model, 512, calibrated=False)
    calibrated = LabelChoice(model, 512, calibrated=True)
    nothing = model.prompts.content_free(TEXTS[0])
    prior = plain.log_probabilities(nothing, FEW).mean(axis=0)
    expected = plain.log_probabilities(TEXTS, FEW) - prior
    expected -= np.logaddexp.reduce(expected, axis=1, keepdims=True)
    assert abs(calibrated.log_probabilities(TEXTS, FEW) - expected).max() < 1e-4


@pytest.mark.parametrize("labels", [FEW, MANY])
def test_both_ways_of_calibration_come_from_the_same_reading(
    folder: LanguageModelFolder, labels: tuple[str, ...]
) -> None:
    scorer = load_base_scorer(folder)
    texts = [*TEXTS, conversation("where is my card", "choose")]
    calibrated, plain = scorer.with_and_without(texts, labels)
    assert abs(calibrated - scorer.log_probabilities(texts, labels)).max() < 2e-5
    assert abs(plain - scorer.uncalibrated().log_probabilities(texts, labels)).max() < 2e-5
    assert abs(calibrated - plain).max() > 1e-3


def test_texts_with_other_instructions_are_scored_apart(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    texts = [TEXTS[0], conversation("where is my card", "choose"), TEXTS[1]]
    together = scorer.log_probabilities(texts, FEW)
    alone = np.concatenate([scorer.log_probabilities([text], FEW) for text in texts])
    assert abs(together - alone).max() < 2e-5


def test_a_written_answer_is_the_greedy_one_of_transformers(model: Any, folder: LanguageModelFolder) -> None:
    import torch

    answer = load_base_scorer(folder).write(TEXTS[:1], [Decoding(max_tokens=6)])[0]
    prompt = model.prompts.encode(TEXTS[0], 512)
    ids = [*prompt.prefix, *prompt.row]
    written: list[int] = []
    with torch.no_grad():
        for _ in range(6):
            token = int(model.pretrained.network(torch.tensor([[*ids, *written]])).logits[0, -1].argmax())
            if token in (model.prompts.end, model.pretrained.tokenizer.eos_token_id):
                break
            written.append(token)
    assert answer.text == model.prompts.decode(written)
    assert answer.cut == (len(written) == 6)


def test_written_answers_do_not_depend_on_each_other(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    decodings = [Decoding(max_tokens=3), Decoding(max_tokens=8), Decoding(5, 0.7, seed=3)]
    together = scorer.write(TEXTS, decodings)
    alone = [scorer.write([text], [decoding])[0] for text, decoding in zip(TEXTS, decodings, strict=True)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    for one, other in zip(together, alone, strict=True):
        assert abs(one.log_probability - other.log_probability) < 1e-4


def test_a_drawn_answer_follows_from_its_seed(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    decodings = [Decoding(8, 1.0, seed) for seed in (1, 1, 2)]
    first, again, other = scorer.write([TEXTS[0]] * 3, decodings)
    assert first == again != other


def test_tokens_are_drawn_from_those_of_transformers() -> None:
    import torch
    from transformers.generation.logits_process import TopKLogitsWarper, TopPLogitsWarper

    from fw_assets.embedded.engine.language_model.free_decoding import _drawn_from

    scores = torch.randn((20, 50), generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3
    for row in scores:
        for top_k, top_p in ((0, 0.3), (0, 0.9), (5, 1.0), (1, 1.0), (7, 0.6), (80, 1.0)):
            expected = row[None]
            if top_k:
                expected = TopKLogitsWarper(top_k)(None, expected)
            if top_p < 1:
                expected = TopPLogitsWarper(top_p)(None, expected)
            weights = _drawn_from(row, Decoding(top_p=top_p, top_k=top_k))
            assert torch.allclose(weights / weights.sum(), expected.softmax(-1)[0])


def test_penalties_are_taken_off_the_tokens_that_were_written() -> None:
    import torch

    from fw_assets.embedded.engine.language_model.free_decoding import _penalized

    scores = torch.zeros(5)
    decoding = Decoding(presence_penalty=0.5, frequency_penalty=0.25)
    assert _penalized(scores, [3, 1, 3], decoding).tolist() == [0, -0.75, 0, -1.0, 0]
    assert _penalized(scores, [], decoding) is scores


def test_a_penalty_keeps_a_word_from_being_said_again(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    plain, penalized, encouraged = (
        scorer.write(TEXTS[:1], [Decoding(16, presence_penalty=penalty)])[0].text for penalty in (0.0, 2.0, -2.0)
    )
    assert len({plain, penalized, encouraged}) > 1


def test_an_answer_is_not_written_on_after_a_stop(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    (whole,) = scorer.write(TEXTS[:1], [Decoding(12)])
    stopping = Decoding(12, stops=(whole.text[:1], "no such text"))
    ended, other = scorer.write(TEXTS[:1] * 2, [stopping, Decoding(12)])
    assert other.text == whole.text
    assert len(ended.text) < len(whole.text)
    assert not ended.cut
    assert stopping.until_stop(ended).text == ""
    assert stopping.until_stop(whole) == replace(whole, text="", cut=False)


def test_choices_that_are_none_are_refused(folder: LanguageModelFolder) -> None:
    scorer = load_base_scorer(folder)
    for labels in ((), None, ("a", "a")):
        with pytest.raises(EngineError):
            scorer.log_probabilities(TEXTS, labels)
