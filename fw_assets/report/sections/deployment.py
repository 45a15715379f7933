"""The winner and its deployment."""

from __future__ import annotations

from fw_assets.report.formatting import Quoted, count
from fw_assets.report.schema.report import Report
from fw_assets.report.table import Table, columns


def deployment(report: Report) -> Table:
    """The winner, the decision of the gate, and what serves."""
    winner, result = report.winner, report.deployment
    decisions = {
        "deployed": "deployed",
        "keep-base": "keep the base model",
        "not-asked": "not deployed, as asked",
        "incomplete": "not deployed: the run is incomplete",
    }
    pairs: list[tuple[str, str]] = []
    if winner:
        pairs += [
            ("Winner", Quoted(winner.model)),
            ("Kind", "fine-tuned" if winner.kind == "tuned" else "base"),
        ]
        if winner.kind == "tuned":
            pairs.append(("Tuned from", Quoted(winner.base_model)))
        if winner.why:
            pairs.append(("Chosen because", winner.why))
    pairs.append(("Decision", decisions[result.decision]))
    if result.why:
        pairs.append(("Reason", result.why))
    if result.id:
        pairs.append(("Deployment", Quoted(result.id)))
    if result.endpoint:
        pairs.append(("Endpoint", Quoted(result.endpoint)))
    if result.model and result.decision == "deployed":
        pairs.append(("Model in requests", Quoted(result.model)))
    if result.replayed:
        agreed = f"{count(result.agreed or 0)} of {count(result.replayed)}"
        pairs.append(("Serving proof", f"{agreed} replayed test rows answered as in the evaluation"))
    return Table(columns("What", "Value"), tuple(pairs))
