"""Head of an adapter: labels as directions that the state of a prompt's last token is compared with.

The logit is 20 times the cosine of state and direction, plus a bias. A label begins at the mean output embedding of its
tokens, less the mean over the labels, so that the untrained head already prefers what the model would write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fw_assets.embedded.engine.language_model.language_model import LanguageModel

SCALE = 20.0
MULTI_LABEL_BIAS = -2.1
"""The logit that each label of a multi-label run starts from: odds of about 1:8."""


@dataclass(frozen=True, eq=False)
class Head:
    """The labels' directions, (labels, width), and biases, (labels); `center` is the mean embedding of the labels."""

    labels: tuple[str, ...]
    directions: torch.Tensor
    bias: torch.Tensor
    center: torch.Tensor

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of states, (rows, width) to (rows, labels), in float32."""
        unit = torch.nn.functional.normalize(states.float(), dim=-1)
        return SCALE * unit @ self.directions.T + self.bias

    def for_labels(self, model: LanguageModel, labels: Sequence[str]) -> Head:
        """The head over these labels; those that it did not learn are where they began."""
        if tuple(labels) == self.labels:
            return self
        place = {label: index for index, label in enumerate(self.labels)}
        new = new_directions(model, labels, self.center)
        bias = torch.full((len(labels),), float(self.bias.min()) if len(self.bias) else 0.0)
        with torch.no_grad():
            for index, label in enumerate(labels):
                if label in place:
                    new[index], bias[index] = self.directions[place[label]].cpu(), self.bias[place[label]].cpu()
        device = self.directions.device
        return Head(tuple(labels), new.to(device), bias.to(device), self.center)


def new_head(model: LanguageModel, labels: Sequence[str], *, multi_label: bool) -> Head:
    center = torch.stack([_mean_vector(model, label) for label in labels]).mean(0)
    bias = torch.full((len(labels),), MULTI_LABEL_BIAS if multi_label else 0.0)
    return Head(tuple(labels), new_directions(model, labels, center), bias, center)


def new_directions(model: LanguageModel, labels: Sequence[str], center: torch.Tensor) -> torch.Tensor:
    vectors = torch.stack([_mean_vector(model, label) for label in labels]) - center
    return torch.nn.functional.normalize(vectors, dim=-1)


def _mean_vector(model: LanguageModel, label: str) -> torch.Tensor:
    tokens = model.prompts.encode_answer(label)[:-1] or model.prompts.encode_answer(label)
    return model.pretrained.token_vectors(tokens).mean(0).cpu()
