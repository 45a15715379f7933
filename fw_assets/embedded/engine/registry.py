"""The embedded base models and what they publish about themselves."""

from __future__ import annotations

from dataclasses import dataclass

CHAR_NGRAM = "char-ngram"
MINILM = "minilm-l6-v2"
ENSEMBLE = "minilm-ngram"

GridCell = tuple[int, float, int | None]


@dataclass(frozen=True)
class BaseModel:
    """One base model.

    `grid` holds cells of (LoRA rank, learning rate, epochs or None for the caller's own default), the best
    default first.
    `learning_rate_range` holds the smallest and largest useful rate. `context_length` counts MiniLM tokens.
    """

    id: str
    display_name: str
    description: str
    parameter_count: int
    context_length: int
    needs_weights: bool
    grid: tuple[GridCell, ...]
    batch_size: int
    learning_rate_range: tuple[float, float]


REGISTRY: dict[str, BaseModel] = {
    model.id: model
    for model in (
        BaseModel(
            id=CHAR_NGRAM,
            display_name="Character n-grams",
            description="Hashed words and character n-grams; the base compares them with the label names.",
            parameter_count=65_536,
            context_length=512,
            needs_weights=False,
            grid=((64, 0.01, 3), (32, 0.01, 5), (64, 0.01, 8), (64, 0.03, 3)),
            batch_size=32,
            learning_rate_range=(0.001, 0.3),
        ),
        BaseModel(
            id=MINILM,
            display_name="MiniLM L6 v2",
            description="Embeddings of all-MiniLM-L6-v2; the base compares them with the label names.",
            parameter_count=22_713_216,
            context_length=512,
            needs_weights=True,
            grid=((64, 0.006, 3), (32, 0.006, 5), (64, 0.01, 3), (64, 0.01, 10)),
            batch_size=32,
            learning_rate_range=(0.0003, 0.1),
        ),
        BaseModel(
            id=ENSEMBLE,
            display_name="MiniLM with n-grams",
            description="The scores of minilm-l6-v2 and of char-ngram together.",
            parameter_count=22_778_752,
            context_length=512,
            needs_weights=True,
            grid=((64, 0.006, 3), (32, 0.006, 5), (64, 0.01, 3), (64, 0.01, 5)),
            batch_size=32,
            learning_rate_range=(0.0003, 0.1),
        ),
    )
}
