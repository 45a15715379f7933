"""Shortlists: of training rows alone, with the share of validation rows whose label is in theirs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.prompting.decision import in_reverse
from fw_assets.classification.prompting.prompt import Shortlist
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.planning.shortlists import make_shortlists, served_options, stored_options
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.workspace.dataset_rows import shortlist_paths
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.report.workflow import planned

PLAN, PROMPT, _ = planned()
LABELS = PROMPT.labels


class Embedding(Platform):
    """A platform that embeds a text by the labels that it names."""

    @property
    def missing_encoder(self) -> str | None:
        return None

    def embed(self, texts: Sequence[str], *, anew: bool = False) -> NDArray[np.float32]:
        return np.array([[text.count(label) + 1e-3 for label in LABELS] for text in texts], np.float32)


def frame(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    """Rows of text, label and part."""
    turns = [[{"role": "user", "content": text}, {"role": "assistant", "content": label}] for text, label, _ in rows]
    return pl.DataFrame(
        {
            "id": [f"r{index}" for index in range(len(rows))],
            "messages": [json.dumps(item) for item in turns],
            "labels": [[label] for _, label, _ in rows],
            "split": [part for _, _, part in rows],
            "digest": [str(index) for index in range(len(rows))],
        }
    )


def test_training_rows_alone_choose_and_validation_rows_measure(tmp_path: Path) -> None:
    first, second, third = LABELS[:3]
    train = [(label, label, "train") for label in LABELS]
    held_out = [
        (first, first, "validation"),
        (f"{first} {second} {second}", first, "validation"),
        (f"{third} {second}", first, "validation"),
        (second, third, "test"),
    ]
    platform = Embedding(name="embedded", home=tmp_path)
    options = {"near+decision": 2, "far+decision": 1}
    store = Workspace(str(tmp_path / "w"))
    made = make_shortlists(store, platform, "d", frame(train + held_out), PROMPT, PLAN.label_set, options, 0)
    assert made is not None
    assert {row.model: (row.found, row.rows) for row in made.rows} == {"near+decision": (2, 3), "far+decision": (1, 3)}
    assert "holds the right label for 66.7 % of the 3 validation rows" in made.rows[0].sentence
    assert made.of("near") is None
    centroids = store.read_frame(*shortlist_paths("d", made.digest)[0])
    other = Workspace(str(tmp_path / "other"))
    mixed = [(text, second, part) for text, _, part in held_out]
    again = make_shortlists(other, platform, "d", frame(train + mixed), PROMPT, PLAN.label_set, options, 0)
    assert again is not None
    assert other.read_frame(*shortlist_paths("d", again.digest)[0]).equals(centroids)

    asked = PROMPT.model_copy(update={"shortlist": made.of("near+decision")})
    messages = frame(held_out)["messages"]
    of_rows, of_texts = stored_options(store, "d", asked), served_options(store, platform, "d", asked)
    assert of_rows is not None
    assert of_texts is not None
    for row in messages:
        assert set(of_rows(row)) == set(of_texts(row))
        assert len(asked.among(of_rows(row)).labels) == 2
        assert asked.among(of_rows(row)).labels == in_reverse(asked).among(of_rows(row)).labels[::-1]
    assert second in of_rows(messages[3]), input_text(messages[3])


def test_no_shortlist_where_all_labels_are_asked_and_a_sentence_without_the_encoder(tmp_path: Path) -> None:
    store, platform = Workspace(str(tmp_path)), Platform(name="embedded", home=tmp_path)
    assert make_shortlists(store, platform, "d", frame([]), PROMPT, PLAN.label_set, {}, 0) is None
    assert stored_options(store, "d", PROMPT) is None
    assert served_options(store, platform, "d", PROMPT) is None
    asked = PROMPT.model_copy(update={"shortlist": Shortlist(options=2, digest="0")})
    with pytest.raises(PhaseError, match="asked among the labels that all-MiniLM-L6-v2 chooses"):
        served_options(store, platform, "d", asked)
