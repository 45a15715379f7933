"""The verdict on a fine-tuned model against its base, before the report has all comparisons."""

from __future__ import annotations

from fw_assets.classification.selection.comparison import Comparison
from fw_assets.report.formatting import p_value, plural, points, verdict_text


def tuned_verdict(comparison: Comparison, finalists: int) -> str:
    """The verdict as the report has it, or with the words that say what is missing.

    The only finalist is the choice of the validation rows, which the report judges alone. Of several, all but the
    choice are adjusted for the number of comparisons, which can turn any verdict into "cannot be told".
    """
    text = verdict_text(comparison.verdict, comparison.margin)
    if finalists > 1 and comparison.verdict != "cannot be told":
        return f"{text}, before adjustment for {plural(finalists, 'finalist')}"
    return text


def tuned_sentence(comparison: Comparison, finalists: int) -> str:
    """The verdict in a sentence of Markdown, with its figures."""
    figures = f"{points(comparison.difference.value)} points, {p_value(comparison.p_value)}"
    verdict = tuned_verdict(comparison, finalists)
    if comparison.verdict == "cannot be told":
        return f"Whether it is better than its base cannot be told on so many rows: {figures}."
    return f"Against its base: **{verdict}** ({figures})."
