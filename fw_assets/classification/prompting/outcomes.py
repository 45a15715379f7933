"""Outcomes of an answer: what it counts as."""

from __future__ import annotations

from typing import Literal, get_args

Outcome = Literal["correct", "wrong_label", "off_label", "ambiguous", "empty", "truncated", "refused", "failed"]
AnswerKind = Literal["valid", "off_label", "ambiguous", "empty", "truncated", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
