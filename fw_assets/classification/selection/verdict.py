"""What is decided from the figures: finalists and winner on validation rows, then deployment on test rows.

The choices are made by `standing`, which knows validation figures only; `deploy_gate` alone reads the
comparison on the test rows, and only to say yes or no to a choice already made.
"""

from fw_assets.classification.selection.deploy_gate import Decision, GateDecision, GatePolicy, gate, label_losses
from fw_assets.classification.selection.selection import (
    Finalists,
    ModelKind,
    Ranked,
    Standing,
    Winner,
    choose_finalists,
    choose_winner,
)

__all__ = [
    "Decision",
    "Finalists",
    "GateDecision",
    "GatePolicy",
    "ModelKind",
    "Ranked",
    "Standing",
    "Winner",
    "choose_finalists",
    "choose_winner",
    "gate",
    "label_losses",
]
