"""Examples of few-shot arms: training rows alone, stored once, chosen by embeddings or without them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.arms.example_source import ServedExamples
from fw_assets.classification.session import Session
from fw_assets.embedded.engine.features.minilm_weights import weights_available
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.planning.examples import (
    EMBEDDINGS,
    TFIDF,
    few_shot_rows,
    fewer_examples,
    make_examples,
    most_examples,
    served_messages,
)
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.report.workflow import planned

PLAN, PROMPT, _ = planned()
SESSION = Session(arms=("knn-3", "knn-2"))


def frame(rows: list[tuple[str, str, int]]) -> pl.DataFrame:
    """Rows of text, part and duplicate group."""
    label = PROMPT.labels[0]
    turns = [[{"role": "user", "content": text}, {"role": "assistant", "content": label}] for text, _, _ in rows]
    return pl.DataFrame(
        {
            "id": [f"r{index}" for index in range(len(rows))],
            "messages": [json.dumps(item) for item in turns],
            "labels": [[label]] * len(rows),
            "split": [part for _, part, _ in rows],
            "group": pl.Series([group for _, _, group in rows], dtype=pl.UInt32),
            "digest": [str(index) for index in range(len(rows))],
        },
        schema_overrides={"labels": pl.List(pl.String), "id": pl.String, "split": pl.String, "messages": pl.String},
    )


def platform(home: Path) -> Platform:
    return Platform(name="embedded", home=home)


WORDS = st.sampled_from(["refund", "invoice", "crash", "login", "price"])
ROW = st.tuples(
    st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
    st.sampled_from(["train", "train", "validation", "test", "excluded"]),
    st.integers(0, 9),
)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=25))
def test_no_validation_or_test_row_is_ever_an_example(rows: list[tuple[str, str, int]]) -> None:
    split = frame(rows)
    with tempfile.TemporaryDirectory() as folder:
        store = Workspace(folder)
        source = make_examples(store, platform(Path(folder)), "d", split, SESSION, PROMPT, PLAN.label_set)
        assert source is not None
        found = few_shot_rows(store, "d", source)
        asked = split.filter(pl.col("split").is_in(["validation", "test"]))
        shown = found.shown(asked, 3, None)
    train = {(text, group) for text, part, group in rows if part == "train"}
    assert set(found.pool.select("text", "group").iter_rows()) == train
    for (row, group), places in zip(
        asked.select("id", "group").iter_rows(), found.places["examples"].to_list(), strict=True
    ):
        text = rows[int(row[1:])][0]
        chosen = found.pool[places]
        assert group not in chosen["group"].to_list()
        assert text not in chosen["text"].to_list()
    for row, (messages, number) in zip(asked["id"], shown, strict=True):
        turns = json.loads(messages)
        assert len(turns) == 2 * number + 1
        assert turns[-1]["content"] == rows[int(row[1:])][0]


ROWS = [
    ("my invoice is wrong", "train", 1),
    ("the invoice has an error", "train", 2),
    ("the app crashes at login", "train", 3),
    ("my invoice has an error", "test", 4),
    ("invoice", "validation", 5),
]


def test_they_are_stored_once_and_serve_new_texts(tmp_path: Path) -> None:
    store, host = Workspace(str(tmp_path)), platform(tmp_path)
    source = make_examples(store, host, "d", frame(ROWS), SESSION, PROMPT, PLAN.label_set)
    assert source is not None
    assert (source.method, source.why) == (
        TFIDF,
        "the sentence encoder is not used, since FW_SENTENCE_ENCODER=0 leaves it out",
    )
    assert make_examples(store, host, "d", frame(ROWS[:1]), SESSION, PROMPT, PLAN.label_set) == source
    served = served_messages(store, host, "d", ServedExamples(source=source, number=2, room=None))
    (messages,) = served([json.dumps([{"role": "user", "content": "an error in my invoice"}])])
    assert [turn["content"] for turn in json.loads(messages) if turn["role"] == "user"][-1] == "an error in my invoice"
    assert len(json.loads(messages)) == 5


def test_rows_with_fewer_examples_are_counted_by_model(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    source = make_examples(store, platform(tmp_path), "d", frame(ROWS), SESSION, PROMPT, PLAN.label_set)
    assert source is not None
    entry = PLAN.models[0].entry
    assert entry is not None
    room = [
        entry.model_copy(update={"name": f"accounts/x/models/m{context}+knn-3", "context_length": context})
        for context in (PROMPT.max_tokens + 200, 100_000, None)
    ]
    plain = entry.model_copy(update={"context_length": 1})
    counted = fewer_examples(few_shot_rows(store, "d", source), frame(ROWS), PROMPT, [*room, plain])
    assert set(counted) <= {room[0].slug}
    assert fewer_examples(
        few_shot_rows(store, "d", source), frame(ROWS), PROMPT, [room[0].model_copy(update={"context_length": 1})]
    ) == {room[0].slug: 2}


def test_without_few_shot_arms_there_are_none(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    assert make_examples(store, platform(tmp_path), "d", frame(ROWS), Session(), PROMPT, PLAN.label_set) is None
    assert [most_examples(Session(arms=arms)) for arms in (("decision",), ("knn-3", "knn-5"), ("knn",))] == [0, 5, 16]


@pytest.mark.skipif(not weights_available(), reason="the weights of MiniLM are not on this machine")
def test_embeddings_choose_them_where_the_encoder_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, host = Workspace(str(tmp_path)), platform(tmp_path)
    monkeypatch.setenv("FW_SENTENCE_ENCODER", "1")
    source = make_examples(store, host, "d", frame(ROWS), SESSION, PROMPT, PLAN.label_set)
    assert source is not None
    assert (source.method, source.why) == (EMBEDDINGS, "")
    places = dict(few_shot_rows(store, "d", source).places.iter_rows())
    assert places["r3"] == [1, 0, 2]
    served = ServedExamples(source=source, number=1, room=None)
    asked = [json.dumps([{"role": "user", "content": "I was billed twice"}])]
    (messages,) = served_messages(store, host, "d", served)(asked)
    assert "invoice" in json.loads(messages)[0]["content"]
    monkeypatch.setenv("FW_SENTENCE_ENCODER", "0")
    with pytest.raises(PhaseError, match="all-MiniLM-L6-v2 chooses: FW_SENTENCE_ENCODER=0"):
        served_messages(store, host, "d", served)
