"""Registry of the embedded base models: what each publishes, which text encoders it has, how it combines them.

Routing, the model catalogue, prices, deployment shapes, scoring and training all read `REGISTRY`. A base model on
existing encoders is one entry here; a new family of encoders is a `TextEncoder` in `features/` and an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.features.minilm_encoder import MinilmTextEncoder
from fw_assets.embedded.engine.features.ngram_encoder import NgramTextEncoder
from fw_assets.embedded.engine.features.text_encoder import TextEncoder

GridCell = tuple[int, float, int | None]
LORA_RANKS = (1, 2, 4, 8, 16, 32, 64)
"""Ranks that every base model takes."""


@dataclass(frozen=True)
class BaseModel:
    """One base model.

    Attributes:
        encoders: their logits are added, each times its share.
        base_shares: one share per encoder for the base model.
        tuned_shares: shares for the tuned model that are tried on the evaluation rows, the default first.
        grid: cells of (LoRA rank, learning rate, epochs or None for the caller's default), the best default first.
        learning_rate_range: the smallest and the largest useful learning rate.
        context_length: in MiniLM tokens.
        first_training_stack: whether the deprecated `tunable` is shown, as for the service's older models; it is not
            for the newer ones, of which `supervisedLoraTunable` says the same.
    """

    id: str
    display_name: str
    description: str
    parameter_count: int
    context_length: int
    encoders: tuple[type[TextEncoder], ...]
    grid: tuple[GridCell, ...]
    batch_size: int
    learning_rate_range: tuple[float, float]
    base_shares: tuple[float, ...] = (1.0,)
    tuned_shares: tuple[tuple[float, ...], ...] = ((1.0,),)
    first_training_stack: bool = True

    def missing_weights(self) -> str | None:
        """How to get the weights that are not on this machine; None when nothing is missing."""
        return next((advice for encoder in self.encoders if (advice := encoder.missing_weights())), None)

    def load_encoders(self, cache: Path) -> tuple[TextEncoder, ...]:
        """The encoders, in the order of the shares.

        Raises:
            WeightsError: weights are missing or are not the published ones.
        """
        return tuple(encoder(cache) for encoder in self.encoders)


REGISTRY: dict[str, BaseModel] = {
    model.id: model
    for model in (
        BaseModel(
            id="char-ngram",
            display_name="Character n-grams",
            description="Hashed words and character n-grams; the base compares them with the label names.",
            parameter_count=65_536,
            context_length=512,
            encoders=(NgramTextEncoder,),
            grid=((64, 0.01, 3), (32, 0.01, 5), (64, 0.01, 8), (64, 0.03, 3)),
            batch_size=32,
            learning_rate_range=(0.001, 0.3),
        ),
        BaseModel(
            id="minilm-l6-v2",
            display_name="MiniLM L6 v2",
            description="Embeddings of all-MiniLM-L6-v2; the base compares them with the label names.",
            parameter_count=22_713_216,
            context_length=512,
            encoders=(MinilmTextEncoder,),
            grid=((64, 0.006, 3), (32, 0.006, 5), (64, 0.01, 3), (64, 0.01, 10)),
            batch_size=32,
            learning_rate_range=(0.0003, 0.1),
        ),
        BaseModel(
            id="minilm-ngram",
            display_name="MiniLM with n-grams",
            description="The scores of minilm-l6-v2 and of char-ngram together.",
            parameter_count=22_778_752,
            context_length=512,
            encoders=(MinilmTextEncoder, NgramTextEncoder),
            base_shares=(1.0, 0.2),
            tuned_shares=((0.72, 0.48), (0.48, 0.72), (0.36, 0.84), (0.9, 0.3), (1.08, 0.12)),
            grid=((64, 0.006, 3), (32, 0.006, 5), (64, 0.01, 3), (64, 0.01, 5)),
            batch_size=32,
            learning_rate_range=(0.0003, 0.1),
            first_training_stack=False,
        ),
    )
}


def find_base_model(id: str) -> BaseModel:
    """The entry of a base model.

    Raises:
        EngineError: there is none of that id.
    """
    if id not in REGISTRY:
        raise EngineError(f"no base model {id!r}; there are {', '.join(REGISTRY)}")
    return REGISTRY[id]
