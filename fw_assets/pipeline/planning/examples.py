"""Examples of few-shot arms: training rows, for each validation and test row and each new text the nearest of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.classification.arms.example_source import ExampleSource, ServedExamples
from fw_assets.classification.arms.few_shot import Example, FewShotRow, example_room, with_examples
from fw_assets.classification.arms.neighbours import Neighbours, Vectors, tfidf_vectors
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.classification.values import digest
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.workspace.workspace import Workspace

TFIDF = "TF-IDF of character n-grams"
_ASKED = ("validation", "test")
_PLACES = pl.List(pl.UInt32)


@dataclass(frozen=True)
class FewShotRows:
    """The examples of the rows of a plan.

    Attributes:
        pool: columns `text`, `answer`, `group`: the training rows.
        places: columns `id` and `examples`: for each validation and test row, places in the pool, the nearest first.
    """

    pool: pl.DataFrame
    places: pl.DataFrame

    @cached_property
    def _pool(self) -> list[Example]:
        return [Example(*row) for row in self.pool.select("text", "answer").iter_rows()]

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        return dict(self.places.select("id", "examples").iter_rows())

    def shown(self, rows: pl.DataFrame, number: int, room: int | None) -> list[FewShotRow]:
        """Rows (`id` and `messages`) with at most so many examples."""
        return [
            with_examples(messages, [self._pool[place] for place in self._places[row][:number]], room)
            for row, messages in rows.select("id", "messages").iter_rows()
        ]

    def before(self, number: int, room: int | None) -> Callable[[pl.DataFrame], pl.DataFrame]:
        """From rows to the same rows with their examples in `messages`."""
        return lambda rows: rows.with_columns(
            pl.Series("messages", [row.messages for row in self.shown(rows, number, room)], dtype=pl.String)
        )


def most_examples(session: Session) -> int:
    """The most examples that an arm of a session shows; 0 where none shows any."""
    arms = [read_arm(name) for name in session.arms if name != ZERO_SHOT]
    return max((number for arm in arms for number in arm.tried), default=0)


def make_examples(
    store: Workspace, dataset: str, frame: pl.DataFrame, session: Session, prompt: Prompt, labels: LabelSet
) -> ExampleSource | None:
    """The examples of the validation and test rows, chosen among the training rows and stored; None without such arms.

    Args:
        frame: split rows.
    """
    number = most_examples(session)
    if not number:
        return None
    split = labels.split
    content = [split.train_digest, split.validation_digest, split.test_digest, prompt.digest, TFIDF, number]
    source = ExampleSource(digest=digest(content), method=TFIDF)
    if store.exists(*_places_path(dataset, source)):
        return source
    pool = _pool(frame, prompt)
    asked = frame.filter(pl.col("split").is_in(_ASKED))
    texts = [input_text(messages) for messages in asked["messages"]]
    neighbours = _neighbours(pool)
    places = neighbours.nearest(texts, asked["group"].to_list(), number) if neighbours else [[] for _ in texts]
    store.write_frame(pool, *_pool_path(dataset, source))
    stored = asked.select("id").with_columns(pl.Series("examples", places, dtype=_PLACES))
    store.write_frame(stored, *_places_path(dataset, source))
    return source


def few_shot_rows(store: Workspace, dataset: str, source: ExampleSource) -> FewShotRows:
    """The stored examples."""
    return FewShotRows(store.read_frame(*_pool_path(dataset, source)), store.read_frame(*_places_path(dataset, source)))


def fewer_examples(
    rows: FewShotRows, frame: pl.DataFrame, prompt: Prompt, models: Sequence[CatalogueModel]
) -> dict[str, int]:
    """By row of the comparison, the validation and test rows that have fewer examples because of a model's context."""
    asked = frame.filter(pl.col("split").is_in(_ASKED))
    fewer: dict[str, int] = {}
    for model in models:
        room = example_room(model.context_length, prompt)
        if model.arm is None or model.arm.kind != "knn" or room is None:
            continue
        number = max(model.arm.tried)
        full = rows.shown(asked, number, None)
        cut = rows.shown(asked, number, room)
        if count := sum(some.examples < every.examples for some, every in zip(cut, full, strict=True)):
            fewer[model.slug] = count
    return fewer


def served_messages(
    store: Workspace, platform: Platform, dataset: str, served: ServedExamples
) -> Callable[[Sequence[str]], list[str]]:
    """From the messages of new texts to those with their examples, as they are asked of a model that serves."""
    del platform
    pool = store.read_frame(*_pool_path(dataset, served.source))
    neighbours = _neighbours(pool)
    examples = [Example(*row) for row in pool.select("text", "answer").iter_rows()]

    def with_nearest(conversations: Sequence[str]) -> list[str]:
        texts = [input_text(messages) for messages in conversations]
        places = neighbours.nearest(texts, None, served.number) if neighbours else [[] for _ in texts]
        return [
            with_examples(messages, [examples[place] for place in chosen], served.room).messages
            for messages, chosen in zip(conversations, places, strict=True)
        ]

    return with_nearest


def _pool(frame: pl.DataFrame, prompt: Prompt) -> pl.DataFrame:
    """The training rows with a text, as examples."""
    train = frame.filter(pl.col("split") == "train")
    answers = train["record"].to_list() if prompt.fields else [prompt.render(labels) for labels in train["labels"]]
    pool = pl.DataFrame(
        {
            "text": pl.Series([input_text(messages) for messages in train["messages"]], dtype=pl.String),
            "answer": pl.Series(answers, dtype=pl.String),
            "group": train["group"],
        }
    )
    return pool.filter(pl.col("text").str.strip_chars() != "")


def _neighbours(pool: pl.DataFrame) -> Neighbours | None:
    if not pool.height:
        return None
    texts = pool["text"].to_list()
    vectors: Vectors = tfidf_vectors(texts)
    return Neighbours(texts, pool["group"].to_list(), vectors)


def _pool_path(dataset: str, source: ExampleSource) -> tuple[str, ...]:
    return (dataset, "examples", f"{source.digest}-training.parquet")


def _places_path(dataset: str, source: ExampleSource) -> tuple[str, ...]:
    return (dataset, "examples", f"{source.digest}-rows.parquet")
