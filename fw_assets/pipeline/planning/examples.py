"""Examples of few-shot arms: training rows, for each validation and test row and each new text the nearest of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.classification.arms.example_source import ExampleSource, ServedExamples
from fw_assets.classification.arms.few_shot import Example, FewShotRow, example_room, with_examples
from fw_assets.classification.arms.neighbours import Neighbours, tfidf_vectors, unit_vectors
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.classification.values import digest
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.platform.platform import ENCODER, Platform
from fw_assets.workspace.dataset_rows import example_paths
from fw_assets.workspace.workspace import Workspace

TFIDF = "TF-IDF of character n-grams"
EMBEDDINGS = f"sentence embeddings ({ENCODER})"
MAX_POOL = 50_000
"""Training rows among which examples are looked for; of more, so many in the shares of the labels."""
MAX_EMBEDDED = 20_000
"""Training rows up to which they are embedded, which takes a minute of CPU for ten thousand."""
_ASKED = ("validation", "test", OUT_OF_SCOPE)
_PLACES = pl.List(pl.UInt32)


@dataclass(frozen=True)
class FewShotRows:
    """The examples of the rows of a plan.

    Attributes:
        pool: columns `text`, `answer`, `group`: the training rows.
        places: columns `id` and `examples`: for each row that is asked, places in the pool, the nearest first.
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
    store: Workspace,
    platform: Platform,
    dataset: str,
    frame: pl.DataFrame,
    session: Session,
    prompt: Prompt,
    labels: LabelSet,
) -> ExampleSource | None:
    """The examples of the validation and test rows, chosen among the training rows and stored; None without such arms.

    Args:
        frame: split rows.
    """
    number = most_examples(session)
    if not number:
        return None
    split = labels.split
    why = _why_no_embeddings(platform, split.rows.train)
    method = TFIDF if why else EMBEDDINGS
    content = [split.train_digest, split.validation_digest, split.test_digest, prompt.digest, method, number]
    content += [labels.out_of_scope.digest] if labels.out_of_scope else []
    source = ExampleSource(digest=digest([*content, session.seed]), method=method, why=why)
    if all(store.exists(*path) for path in example_paths(dataset, source.digest)):
        return source
    pool = _pool(frame, prompt, session.seed)
    asked = frame.filter(pl.col("split").is_in(_ASKED))
    texts = [input_text(messages) for messages in asked["messages"]]
    neighbours = _neighbours(platform, pool, method)
    places = neighbours.nearest(texts, asked["group"].to_list(), number) if neighbours else [[] for _ in texts]
    stored = asked.select("id").with_columns(pl.Series("examples", places, dtype=_PLACES))
    for part, path in zip((pool, stored), example_paths(dataset, source.digest), strict=True):
        store.write_frame(part, *path)
    return source


def few_shot_rows(store: Workspace, dataset: str, source: ExampleSource) -> FewShotRows:
    """The stored examples."""
    pool, places = example_paths(dataset, source.digest)
    return FewShotRows(store.read_frame(*pool), store.read_frame(*places))


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
    """From the messages of new texts to those with their examples, as they are asked of a model that serves.

    Raises:
        PhaseError: the encoder that chose the examples of the evaluation is not on this machine.
    """
    if served.source.method == EMBEDDINGS and (missing := platform.missing_encoder):
        raise PhaseError(f"what serves {dataset} is shown examples, which {ENCODER} chooses: {missing}")
    pool = store.read_frame(*example_paths(dataset, served.source.digest)[0])
    neighbours = _neighbours(platform, pool, served.source.method)
    examples = [Example(*row) for row in pool.select("text", "answer").iter_rows()]

    def with_nearest(conversations: Sequence[str]) -> list[str]:
        texts = [input_text(messages) for messages in conversations]
        places = neighbours.nearest(texts, None, served.number) if neighbours else [[] for _ in texts]
        return [
            with_examples(messages, [examples[place] for place in chosen], served.room).messages
            for messages, chosen in zip(conversations, places, strict=True)
        ]

    return with_nearest


def _why_no_embeddings(platform: Platform, rows: int) -> str:
    """Why texts are not compared by embeddings; empty where they are."""
    if missing := platform.missing_encoder:
        return f"the sentence encoder is not used, since {missing.rstrip('.')}"
    return f"more than {MAX_EMBEDDED:,} training rows are not embedded" if rows > MAX_EMBEDDED else ""


def _pool(frame: pl.DataFrame, prompt: Prompt, seed: int) -> pl.DataFrame:
    """The training rows with a text, as examples."""
    train = frame.filter(pl.col("split") == "train")
    train = stratified_sample(train, MAX_POOL, seed) if train.height > MAX_POOL else train
    answers = train["record"].to_list() if prompt.fields else [prompt.render(labels) for labels in train["labels"]]
    pool = pl.DataFrame(
        {
            "text": pl.Series([input_text(messages) for messages in train["messages"]], dtype=pl.String),
            "answer": pl.Series(answers, dtype=pl.String),
            "group": train["group"],
        }
    )
    return pool.filter(pl.col("text").str.strip_chars() != "")


def _neighbours(platform: Platform, pool: pl.DataFrame, method: str) -> Neighbours | None:
    if not pool.height:
        return None
    texts = pool["text"].to_list()
    vectors = unit_vectors(platform.embed) if method == EMBEDDINGS else tfidf_vectors(texts)
    return Neighbours(texts, pool["group"].to_list(), vectors)
