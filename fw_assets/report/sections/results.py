"""Base against fine-tuned, base models alone, outcomes, and the rows that changed."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    latency_text,
    p_value,
    percent,
    percent_range,
    points,
    points_range,
    short,
    verdict_text,
)
from fw_assets.report.glossary import OUTCOMES
from fw_assets.report.schema.comparison import BaselineResult, ComparisonResult
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.candidates import evaluated, incomplete_note, ordered, winner_kind
from fw_assets.report.table import Table, columns


def comparison(report: Report) -> Table:
    """Base against fine-tuned, one row per candidate; then the baselines, in the column of untrained models."""
    rows: list[tuple[str, ...]] = []
    kind = winner_kind(report)
    for candidate in ordered(report):
        base, tuned, compared = candidate.base, candidate.tuned, candidate.comparison
        is_winner = report.winner is not None and report.winner.base_model == candidate.model
        rows.append(
            (
                Quoted(short(candidate.model)),
                with_interval(base) if base else "n/a",
                with_interval(tuned) if tuned else "–",
                _difference(compared) if compared else "–",
                f"{count(compared.gained)} / {count(compared.lost)}" if compared else "–",
                p_value(compared.judged_p).removeprefix("p = ").removeprefix("p ") if compared else "–",
                verdict_text(compared.verdict, compared.margin) if compared else incomplete_note(candidate),
                f"winner ({kind})" if is_winner else "",
            )
        )
    rows += [
        (baseline_name(item.name), f"{percent(item.accuracy)} ({percent_range(item.interval)})")
        + ("–",) * 4
        + (_free(item), "")
        for item in report.baselines
    ]
    untuned = ">As it is" if any(item.existed for item in report.candidates) else ">Base"
    names = ("Model", untuned, ">Fine-tuned", ">Difference, points", ">Gained / lost", ">p", "Verdict", "")
    return Table(columns(*names), tuple(rows))


def _difference(compared: ComparisonResult) -> str:
    """`+2.8 (+1.2 to +4.4, 98.33%)`: the confidence where it is not that of the column."""
    confidence = "" if compared.level == 0.05 else f", {100 * (1 - compared.level):.4g}%"
    return f"{points(compared.difference)} ({points_range(compared.interval)}{confidence})"


def benchmark(report: Report) -> Table:
    """The base models, best first, then the baselines."""
    rows: list[tuple[str, ...]] = []
    for candidate in ordered(report):
        base = candidate.base
        is_winner = report.winner is not None and report.winner.base_model == candidate.model
        if base is None:
            rows.append((Quoted(short(candidate.model)), "n/a", "n/a", "n/a", incomplete_note(candidate)))
            continue
        row = (
            percent(base.accuracy),
            percent_range(base.interval),
            decimal(base.macro_f1),
            ", ".join(filter(None, (_adapter(candidate), "chosen on validation" if is_winner else ""))),
        )
        rows.append((Quoted(short(candidate.model)), *row))
    for item in report.baselines:
        figures = (percent(item.accuracy), percent_range(item.interval), decimal(item.macro_f1))
        rows.append((baseline_name(item.name), *figures, _free(item)))
    return Table(columns("Model", ">Accuracy", ">95% interval", ">Macro-F1", ""), tuple(rows))


def _free(item: BaselineResult) -> str:
    """`free; 3.1 ms, 5.2 ms a row`: the median and the 95th percentile on the machine that scored it."""
    return f"free; {latency_text(item.latency)} a row" if item.latency else "free"


def _adapter(candidate: CandidateResult) -> str:
    if candidate.endpoint:
        return f"{candidate.kind}, {candidate.endpoint}" if candidate.arm else candidate.endpoint
    if candidate.arm:
        return candidate.kind
    if candidate.named:
        return f"{candidate.named} of {short(candidate.serves)}" if candidate.serves else candidate.named
    return f"adapter of {short(candidate.adapter_of)}" if candidate.adapter_of else ""


def outcomes(report: Report) -> Table:
    """Outcomes of the test rows, per model; only those that occurred."""
    models = evaluated(ordered(report))
    names = [name for name in OUTCOMES if any(result.outcomes.get(name) for _, result, _ in models)]
    rows = tuple(
        (
            Quoted(short(candidate.model)),
            kind,
            *(count(result.outcomes.get(name, 0)) for name in names),
            count(result.rows),
        )
        for candidate, result, kind in models
    )
    return Table(columns("Model", "", *(f">{name.replace('_', ' ')}" for name in names), ">all"), rows)


def flips(candidate: CandidateResult, direction: str, most: int = 10) -> Table:
    """The first `most` rows that tuning gained or lost; copies of a text are one of them."""
    all_flips = candidate.comparison.flips if candidate.comparison else ()
    rows = dict.fromkeys(
        (
            Quoted(flip.text if len(flip.text) <= 160 else flip.text[:159] + "…"),
            Quoted(", ".join(flip.gold) or "none"),
            Quoted(", ".join(flip.base) or "no valid label"),
            Quoted(", ".join(flip.tuned) or "no valid label"),
        )
        for flip in all_flips
        if flip.direction == direction
    )
    return Table(columns("Text", "True label", "Base said", "Fine-tuned said"), tuple(rows)[:most])


def with_interval(result: ModelResult) -> str:
    """`91.7% (88.0–94.3%)`."""
    return f"{percent(result.accuracy)} ({percent_range(result.interval)})"


def language_model_note(report: Report) -> str:
    """What a language model of this machine would add; empty where there is one, or the platform is another."""
    if report.run.platform != "embedded" or not {short(item.model) for item in report.candidates} <= _ENCODER_MODELS:
        return ""
    return (
        "None of these is a language model. The command fw-assets setup llm adds smollm2-135m (135 million "
        "parameters), which is fine-tuned by LoRA on this machine in minutes of CPU in place of seconds: "
        "--model smollm2-135m."
    )


_ENCODER_MODELS = {"char-ngram", "minilm-l6-v2", "minilm-ngram"}
"""Models of the embedded platform that are always there."""
