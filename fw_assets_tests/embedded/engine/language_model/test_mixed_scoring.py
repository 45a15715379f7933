"""Several adapters over one base in one pass, against each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

import torch

from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
from fw_assets.embedded.engine.language_model.head import new_head
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.language_model.lora import Adapter, new_adapter
from fw_assets.embedded.engine.language_model.mixed.scoring import ScoreQuestion, score_together
from fw_assets.embedded.engine.language_model.scorers import scorer_of
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.turns import write_conversation

LABELS = (("refund", "card arrival", "greeting"), ("yes", "no"), ("billing", "sales", "account", "technical"))
INSTRUCTIONS = ("Answer with one label.", "Say yes or no, and nothing else at all.", "")
WORDS = ("where is my card", "money back please", "good morning to you", "I was charged twice in one week", "hello")


def conversation(instructions: str, text: str) -> str:
    system = [{"role": "system", "content": instructions}] if instructions else []
    return write_conversation([*system, {"role": "user", "content": text}])


def adapter(model: LanguageModel, rank: int, first_layer: int, seed: int) -> Adapter:
    made = new_adapter(model.linear, rank, first_layer, seed)
    generator = torch.Generator().manual_seed(seed)
    pairs = {
        name: (down.detach(), torch.randn(up.shape, generator=generator) * 0.2)
        for name, (down, up) in made.pairs.items()
    }
    return Adapter(rank, made.scale, first_layer, pairs)


def tuned(model: LanguageModel, kind: int, seed: int, *, generates: bool, prefix: bool) -> TunedAdapter:
    labels = tuple(sorted(LABELS[kind]))
    return TunedAdapter(
        spec=TrainingSpec("tiny", 2 + seed % 3, 1e-3, 1, 8, 256),
        base_digest=model.digest,
        base_source="",
        layers=model.pretrained.layer_count,
        labels=labels,
        multi_label=False,
        adapter=adapter(model, 2 + seed % 3, seed % 2, seed),
        head=None if generates else new_head(model, labels, multi_label=False),
        answers={},
        adapted_prefix=prefix,
        allow_empty=False,
        notes={},
        temperature=1.0 + seed % 2,
    )


@st.composite
def asked(draw: st.DrawFn) -> list[tuple[int, int, bool, bool, list[str]]]:
    """(labels, seed, generates, reads the instructions, texts) of each question."""
    kinds = st.tuples(st.integers(0, 2), st.integers(0, 5), st.booleans(), st.booleans())
    texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)
    return [(*draw(kinds), draw(texts)) for _ in range(draw(st.integers(1, 5)))]


@settings(max_examples=12, deadline=None)
@given(questions=asked(), by_kind=st.booleans())
def test_each_row_is_scored_as_by_its_own_adapter_alone(
    model: Any, questions: list[tuple[int, int, bool, bool, list[str]]], by_kind: bool
) -> None:
    asking = [
        ScoreQuestion(
            scorer_of(model, tuned(model, kind, seed, generates=generates, prefix=prefix)),
            [conversation(INSTRUCTIONS[kind if by_kind else 0], text) for text in texts],
            None,
        )
        for kind, seed, generates, prefix, texts in questions
    ]
    together = score_together(asking)
    for question, scores in zip(asking, together, strict=True):
        alone = question.scorer.log_probabilities(question.texts, question.labels)
        assert np.abs(scores - alone).max() < 2e-5


def test_the_passes_are_shared(model: Any) -> None:
    scorers = [
        scorer_of(model, tuned(model, kind, seed, generates=False, prefix=True))
        for seed, kind in enumerate([0, 1, 2, 0])
    ]
    asking = [
        ScoreQuestion(scorer, [conversation(INSTRUCTIONS[index % 3], "where is my card")], None)
        for index, scorer in enumerate(scorers)
    ]
    score_together(asking)  # reads the instructions
    passes: list[int] = []
    hook = model.pretrained.decoder.register_forward_hook(lambda *_: passes.append(1))
    try:
        score_together(asking)
    finally:
        hook.remove()
    assert len(passes) == 1
