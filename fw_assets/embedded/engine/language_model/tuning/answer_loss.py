"""Loss of the answer alone: of the head's label, or of the tokens that are to be generated."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from fw_assets.embedded.engine.language_model.head import Head
from fw_assets.embedded.engine.language_model.language_model import last_of
from fw_assets.embedded.engine.language_model.pretrained import Pretrained
from fw_assets.embedded.engine.language_model.tuning.answer_tokens import AnswerTokens


def head_losses(
    states: torch.Tensor, rows: Sequence[Sequence[int]], head: Head, target: torch.Tensor, *, multi_label: bool
) -> torch.Tensor:
    """Cross-entropy of each row in nats; for several labels the mean over the labels.

    `states` are (rows, longest, width), `target` is the 0/1 matrix (rows, labels).
    """
    logits = head.logits(last_of(states, rows))
    if multi_label:
        return binary_cross_entropy_with_logits(logits, target, reduction="none").mean(1)
    return cross_entropy(logits, target.argmax(1), reduction="none")


def generation_losses(
    pretrained: Pretrained,
    states: torch.Tensor,
    rows: Sequence[Sequence[int]],
    answers: Sequence[AnswerTokens],
) -> torch.Tensor:
    """Cross-entropy of each row's answer, summed over the tokens that are learned, in nats.

    `states` are those of rows with the answer's tokens but the last after them; the vocabulary is computed where an
    answer's token is predicted, and nowhere else.
    """
    places = [
        (index, len(row) - 1 + offset, token)
        for index, (row, answer) in enumerate(zip(rows, answers, strict=True))
        for offset, (token, learned) in enumerate(zip(answer.tokens, answer.learned, strict=True))
        if learned
    ]
    row_index, position, token = (torch.tensor(column, device=states.device) for column in zip(*places, strict=True))
    losses = cross_entropy(pretrained.logits(states[row_index, position]), token, reduction="none")
    return torch.zeros(len(rows), device=losses.device).index_add(0, row_index, losses)
