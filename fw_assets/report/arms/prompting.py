"""What other ways of asking bought over the model as it is, and what tuning bought over the best of them."""

from __future__ import annotations

from fw_assets.classification.arm import read_arm, without_arm
from fw_assets.report.arms.ways import example_text
from fw_assets.report.formatting import points, points_range, points_text, short, usd_of_many, usd_roughly
from fw_assets.report.schema.comparison import Kind, PairResult
from fw_assets.report.schema.report import CandidateResult, Report

_TRAINING = ("sweep", "full-training")


def asked_otherwise(report: Report) -> str:
    """Each arm against its base model as it is, one sentence per model; empty without arms."""
    sentences = []
    for base in report.candidates:
        if base.arm or base.base is None:
            continue
        gains = [
            text
            for arm in report.candidates
            if arm.arm and without_arm(arm.model) == base.model
            if (text := _gain(report, base, arm))
        ]
        if gains:
            sentences.append(f"Against {short(base.model)} as it is: {'; '.join(gains)}.")
        decided = next((a for a in report.candidates if a.tuned and a.arm and without_arm(a.model) == base.model), None)
        if decided and (text := _gain(report, base, decided, kind="tuned")):
            sentences.append(f"Against the texts of the fine-tuned {short(base.model)}: {text}.")
    return " ".join(sentences)


def tuning_or_prompting(report: Report) -> str:
    """What tuning bought over the best way of asking, for how much; empty without arms, or where nothing was tuned."""
    pair = report.choice
    if pair is None or report.status != "complete" or not any(item.arm for item in report.candidates):
        return ""
    name, interval = _asked(report, pair.first), _interval(pair)
    difference = points(pair.difference)
    bare = difference.lstrip("+−")
    figures = f"{difference} points, {interval}"
    said = {
        "better": f"Tuning bought {bare} points over prompting ({name}; {interval})",
        "worse": f"Tuning lost {bare} points against prompting ({name}; {interval})",
        "as good": f"That tuning bought anything over prompting ({name}) is not shown ({figures}); that it is "
        f"at least as good, within {points_text(pair.margin)}, is",
        "cannot be told": f"Whether tuning bought anything over prompting ({name}) cannot be told ({figures})",
    }[pair.verdict]
    return f"{said}{_price(report, pair)}."


def _asked(report: Report, name: str) -> str:
    candidate = next((item for item in report.candidates if short(item.model) == name), None)
    return name if candidate is None or candidate.arm else f"{name} as it is"


def _gain(report: Report, base: CandidateResult, arm: CandidateResult, *, kind: Kind = "base") -> str:
    """`few-shot (knn-8) +12.3 points (...), which is shown`; empty where the two are not compared."""
    names = {short(base.model), short(arm.model)}
    pair = next(
        (
            item
            for item in report.pairs
            if {item.first, item.second} == names and item.first_kind == item.second_kind == kind
        ),
        None,
    )
    if pair is None:
        return ""
    what = f"{arm.kind} ({example_text(arm)})" if read_arm(arm.arm).kind == "knn" else arm.kind
    if not pair.gained and not pair.lost:
        return f"{what} has the same rows right"
    ahead = pair.second == short(arm.model)
    low, high = pair.interval
    difference = points(pair.difference if ahead else -pair.difference)
    bounds = points_range(pair.interval if ahead else (-high, -low))
    shown = "which is shown" if pair.verdict in ("better", "worse") else "which may be chance"
    return f"{what} {difference} points ({100 * (1 - pair.level):.4g}% interval {bounds}), {shown}"


def _price(report: Report, pair: PairResult) -> str:
    """`, for $4.20 of training, and saves $0.31 for 1,000 answers`; empty where nothing costs anything."""
    keys = {f"{stage}/{without_arm(pair.second)}" for stage in _TRAINING}
    lines = [line for line in report.cost.lines if line.line in keys]
    paid = [line.actual_usd for line in lines]
    running = {(point.name, point.kind): point.usd_per_1000 for point in report.costs}
    before, after = running.get((pair.first, "base")), running.get((pair.second, "tuned"))
    if not any(amount is None or amount > 0 for amount in (*paid, before, after)):
        return ""
    known = [amount for amount in paid if amount is not None]
    text = f", for {usd_roughly(sum(known)) if len(known) == len(paid) else 'an unknown price'} of training"
    if before is None or after is None:
        return f"{text}; what 1,000 answers cost more or less is unknown"
    if usd_of_many(abs(after - before)) == usd_of_many(0):
        return f"{text}, and 1,000 answers cost the same"
    amount = usd_of_many(abs(after - before))
    saving = f"saves {amount}" if after < before else f"costs {amount} more"
    return f"{text}, and {saving} for 1,000 answers"


def _interval(pair: PairResult) -> str:
    return f"{100 * (1 - pair.level):.4g}% interval {points_range(pair.interval)}"
