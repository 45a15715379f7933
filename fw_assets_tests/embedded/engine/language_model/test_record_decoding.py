from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.language_model.record_decoding import MAX_FREE_TOKENS, RecordDecoder
from fw_assets.embedded.engine.written_answers import Decoding
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation

INTENT = FieldConstraint(("intent",), ('"refund"', '"card arrival"', '"card"'))
MANY = FieldConstraint(("place",), tuple(str(number) for number in range(20)))
FREE = FieldConstraint(("name",), types=("string", "null"))
COUNT = FieldConstraint(("count",), types=("integer",))
TEXTS = [conversation(text) for text in ("where is my card", "good morning to you", "refund what i paid, all of it")]
GREEDY = [Decoding()] * len(TEXTS)


def decoder(model: Any, *fields: FieldConstraint, **options: Any) -> RecordDecoder:
    return RecordDecoder(model, 512, fields, **{"spaced": True, "calibrated": False, **options})


@pytest.mark.parametrize("calibrated", [False, True])
def test_every_answer_is_of_its_field_and_depends_on_no_other_text(model: Any, calibrated: bool) -> None:
    fields = (INTENT, FREE, MANY, COUNT)
    together = decoder(model, *fields, calibrated=calibrated).write(TEXTS, GREEDY)
    for record in together:
        intent, name, place, count = record
        assert intent.text in (INTENT.values or ())
        assert place.text in (MANY.values or ())
        assert json.loads(name.text) is None or isinstance(json.loads(name.text), str)
        assert isinstance(json.loads(count.text), int)
        for answer in (intent, place):
            assert abs(sum(np.exp(score) for _, score in answer.scores) - 1) < 1e-6
            assert answer.text == max(answer.scores, key=lambda score: score[1])[0]
    for text, record in zip(TEXTS, together, strict=True):
        alone = decoder(model, *fields, calibrated=calibrated).write([text], GREEDY[:1])[0]
        assert [answer.text for answer in alone] == [answer.text for answer in record]
        for one, other in zip(alone, record, strict=True):
            assert abs(one.log_probability - other.log_probability) < 1e-3


def test_a_value_is_as_probable_as_its_tokens_after_what_was_said(model: Any) -> None:
    import torch

    yes = FieldConstraint(("urgent",), ("true", "false"))
    first, second = decoder(model, INTENT, yes).write(TEXTS[:1], GREEDY[:1])[0]
    prompt = model.prompts.encode(TEXTS[0], 512)
    around = model.prompts.encode_parts(['{"intent": ', ', "urgent": ', "}"])

    def expected(said: tuple[int, ...], values: tuple[str, ...], after: int) -> list[float]:
        scores = []
        for value in values:
            tokens = (*model.prompts.encode_part(value), after)
            ids = [*prompt.prefix, *prompt.row, *said, *tokens]
            with torch.no_grad():
                logits = model.pretrained.network(torch.tensor([ids])).logits[0].log_softmax(-1)
            start = len(ids) - len(tokens) - 1
            scores.append(sum(float(logits[start + place, token]) for place, token in enumerate(tokens)))
        return list(np.array(scores) - np.logaddexp.reduce(scores))

    said = around[0]
    scores = expected(said, INTENT.values or (), around[1][0])
    assert [score for _, score in first.scores] == pytest.approx(scores, abs=1e-4)
    said = (*said, *model.prompts.encode_part(first.text), *around[1])
    scores = expected(said, ("true", "false"), around[2][0])
    assert [score for _, score in second.scores] == pytest.approx(scores, abs=1e-4)


def test_a_free_text_is_cut_at_its_limit_and_stays_json(model: Any) -> None:
    for record in decoder(model, FREE, spaced=False).write(TEXTS, GREEDY):
        text = json.loads(record[0].text) or ""
        assert len(text) <= 20 * MAX_FREE_TOKENS


def test_a_drawn_value_follows_from_its_seed(model: Any) -> None:
    drawn = [decoder(model, MANY, INTENT).write(TEXTS[:1], [Decoding(8, 5.0, seed)])[0] for seed in (1, 1, 2, 3, 4)]
    texts = [tuple(answer.text for answer in record) for record in drawn]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


TAGS = FieldConstraint(("tags",), ('"b"', '"a"', '"late order"', "2", "12"), ("array", "null"), many=True, least="null")
JSON = FieldConstraint(("more",), types=("array", "object"), least="[]")


@pytest.mark.parametrize("temperature", [0.0, 3.0])
def test_a_list_has_each_item_once_and_depends_on_no_other_text(model: Any, temperature: float) -> None:
    decodings = [Decoding(8, temperature, seed) for seed in range(len(TEXTS))]
    together = decoder(model, INTENT, TAGS, COUNT).write(TEXTS, decodings)
    for text, decoding, record in zip(TEXTS, decodings, together, strict=True):
        said = json.loads(record[1].text)
        assert said is None or [json.dumps(item) for item in said] == sorted({json.dumps(item) for item in said})
        assert set(map(json.dumps, said or ())) <= set(TAGS.values or ())
        assert record[1].log_probability < 0
        alone = decoder(model, INTENT, TAGS, COUNT).write([text], [decoding])[0]
        assert [answer.text for answer in alone] == [answer.text for answer in record]
        assert alone[1].log_probability == pytest.approx(record[1].log_probability, abs=1e-4)


def test_the_probabilities_of_all_lists_sum_to_one(model: Any) -> None:
    field = FieldConstraint(("tags",), ('"a"', '"b"'), ("array",), many=True, least="[]")
    drawn = decoder(model, field).write([TEXTS[0]] * 150, [Decoding(8, 1.0, seed) for seed in range(150)])
    by_text = {record[0].text: record[0].log_probability for record in drawn}
    assert set(by_text) <= {"[]", '["a"]', '["b"]', '["a", "b"]'}
    total = sum(np.exp(list(by_text.values())))
    assert total < 1 + 1e-4
    assert len(by_text) < 4 or total == pytest.approx(1, abs=1e-4)


def test_a_list_is_empty_only_where_it_may_be(model: Any) -> None:
    field = FieldConstraint(("tags",), ('"a"', '"b"'), many=True, least="[]")
    drawn = decoder(model, field).write([TEXTS[0]] * 40, [Decoding(8, 3.0, seed) for seed in range(40)])
    assert {record[0].text for record in drawn} <= {'["a"]', '["b"]', '["a", "b"]'}


def test_other_json_is_whole_or_the_smallest(model: Any) -> None:
    for record in decoder(model, JSON, INTENT).write(TEXTS[:2], GREEDY[:2]):
        assert isinstance(json.loads(record[0].text), list | dict)


def test_a_list_is_learned_by_the_tokens_that_it_is_written_with(model: Any) -> None:
    tokens = model.prompts.encode_value('["a", "late order"]', many=True)
    opening, between, closing = model.prompts.list_marks
    first, second = (model.prompts.encode_part(item) for item in ('"a"', '"late order"'))
    assert tokens == (*opening, *first, *between, *second, *closing)
    assert model.prompts.encode_value("null", many=True) == model.prompts.encode_part("null")
    assert model.prompts.encode_value("[]", many=True) == (*opening, *closing)
