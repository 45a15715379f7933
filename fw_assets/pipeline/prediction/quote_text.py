"""Quote of a labelling in words, for whoever has to agree to it."""

from __future__ import annotations

from fw_assets.pipeline.values.prediction import PredictionQuote
from fw_assets.report.formatting import plural


def quote_lines(quote: PredictionQuote) -> list[str]:
    """What a file asks and costs, one sentence each."""
    usd, cost = quote.cost.usd, quote.cost
    price = "at no cost"
    if usd is None:
        price = "at a price that is not known"
    elif usd.high:
        price = f"for ${usd.expected:,.4f} (at most ${usd.high:,.4f})"
    tokens = f"about {cost.prompt_tokens.expected:,.0f} prompt and {cost.answer_tokens.expected:,.0f} answer tokens"
    lines = [f"{quote.file}: {plural(quote.rows, 'row')}, read as {quote.read_as}"]
    if quote.empty:
        lines.append(f"  {plural(quote.empty, 'row')} without a text: not asked")
    if quote.repeats:
        lines.append(f"  {plural(quote.repeats, 'row')} with the text of an earlier one: asked once")
    if quote.answered:
        lines.append(f"  {plural(quote.answered, 'text')} answered already: not asked again")
    if quote.over_context:
        lines.append(
            f"  {plural(quote.over_context, 'text')} longer than the {quote.context or 0:,} tokens that the model "
            "reads: the platform cuts or refuses them"
        )
    lines += [f"  note: {note}" for note in quote.notes]
    if quote.threshold is not None:
        lines.append(f"  no label below a confidence of {quote.threshold:.4g}")
    lines.append(f"  asks {plural(quote.requests, 'text')}, {tokens}, {price}")
    return lines
