"""The winner and its deployment."""

from __future__ import annotations

from fw_assets.classification.arm import arm_of, without_arm
from fw_assets.classification.gate.label_check import LabelCheck, SeenLoss
from fw_assets.report.fields.sentences import field_check_text
from fw_assets.report.formatting import Quoted, count, plural, short
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import recommended_name
from fw_assets.report.sections.candidates import winner_kind
from fw_assets.report.sections.similarity import new_texts_note
from fw_assets.report.table import Table, columns


def deployment(report: Report) -> Table:
    """The winner, the decision of the gate, and what serves."""
    winner, result = report.winner, report.deployment
    kept = report.kind_of(short(report.kept or ""), "base")
    keeping = {"base": "keep the base model", "adapter": "keep the adapter"}
    keeping |= {kind: f"keep asking the {kind}" for kind in ("endpoint", "deployment", "router")}
    decisions = {
        "deployed": "deployed",
        "keep-base": keeping.get(kept, f"keep asking the base model ({kept})"),
        "keep-none": "none of the models that were asked is recommended",
        "not-asked": "not deployed, as asked",
        "incomplete": "not deployed: the run is incomplete",
    }
    pairs: list[tuple[str, str]] = []
    if winner:
        pairs += [
            ("Winner", Quoted(without_arm(winner.model) if winner.kind == "tuned" else winner.model)),
            ("Kind", winner_kind(report)),
        ]
        if winner.adapter_of:
            pairs.append(("Adapter of", Quoted(winner.adapter_of)))
        if asked := next((item.endpoint for item in report.candidates if item.model == winner.model), ""):
            pairs.append(("Asked at", Quoted(asked)))
        if winner.kind == "tuned":
            pairs.append(("Tuned from", Quoted(without_arm(winner.base_model))))
            if arm := arm_of(winner.base_model):
                pairs.append(("Asked by", arm.words))
        if winner.why:
            pairs.append(("Chosen because", winner.why))
    if free := recommended_name(report):
        pairs.append(("Recommended", f"{free}, which is local and free and needs no deployment"))
        decisions["keep-base"] = "no model is deployed"
    pairs.append(("Decision", decisions[result.decision] + (f"; recommended is {free}" if free else "")))
    if result.why:
        pairs.append(("Reason", f"{result.why} {new_texts_note(report)}".rstrip()))
    if winner and winner.kind == "tuned" and (checked := field_check_text(report)):
        pairs.append(("Check by field", checked))
    if result.label_check:
        pairs.append(("Check by label", label_check_text(result.label_check)))
    if result.id:
        pairs.append(("Deployment", Quoted(result.id)))
    if result.served:
        pairs.append(("Served", result.served))
    if result.endpoint:
        pairs.append(("Endpoint", Quoted(result.endpoint)))
    if result.model and result.decision == "deployed":
        pairs.append(("Model in requests", Quoted(result.model)))
    if result.replayed:
        agreed = f"{count(result.agreed or 0)} of {count(result.replayed)}"
        pairs.append(("Serving proof", f"{agreed} replayed test rows answered as in the evaluation"))
    return Table(columns("What", "Value"), tuple(pairs))


def label_check_text(check: LabelCheck) -> str:
    """What the check for losses of labels could have seen."""
    left_out = f"{plural(check.left_out, 'label')} with fewer test rows {'was' if check.left_out == 1 else 'were'} not."
    if not check.checked:
        return "No label has enough test rows to be checked for losses."
    were = "was" if check.checked == 1 else "were"
    rest = f"; {left_out}" if check.left_out else "."
    parts = [f"{plural(check.checked, 'label')} {were} checked for losses of F1{rest}"]
    if check.least and check.most:
        span = _seen(check.least) + ("" if check.least == check.most else f" to {_seen(check.most)}")
        others = "" if check.blind else " in each of them" if check.checked > 1 else ""
        parts.append(f"A loss of {span} of recall would have been seen{others} in 80 of 100 cases.")
    if check.blind:
        where = f"In {check.blind} of them, with" if check.blind < check.checked else "With so"
        parts.append(
            f"{where} few rows or few right ones before, not even the loss of every right row would have been seen."
        )
    return " ".join(parts)


def _seen(seen: SeenLoss) -> str:
    return f"{100 * seen.loss:.1f} points ({seen.label}, {plural(seen.rows, 'row')})"
