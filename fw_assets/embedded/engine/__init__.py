"""The embedded models: scoring, fine-tuning and storage, on numpy and onnxruntime alone."""

from fw_assets.embedded.engine.features.minilm_weights import WEIGHTS_ADVICE, WeightsError, weights_available
from fw_assets.embedded.engine.features.tokenizer import count_tokens
from fw_assets.embedded.engine.registry import REGISTRY, BaseModel
from fw_assets.embedded.engine.scorers import load_base, load_tuned
from fw_assets.embedded.engine.training import train
from fw_assets.embedded.engine.training_spec import EngineError, Scorer, TrainingRow, TrainingSpec
from fw_assets.embedded.engine.turns import read_turns

__all__ = [
    "REGISTRY",
    "WEIGHTS_ADVICE",
    "BaseModel",
    "EngineError",
    "Scorer",
    "TrainingRow",
    "TrainingSpec",
    "WeightsError",
    "count_tokens",
    "load_base",
    "load_tuned",
    "read_turns",
    "train",
    "weights_available",
]
