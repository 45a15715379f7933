"""Meter of a serverless model's tokens: what its answers cost as they come, held before others are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from fw_assets.pipeline.budget.line_prices import high_usd, quantities_usd
from fw_assets.pipeline.budget.payment import Payment

_AHEAD = 0.1
"""Share of the payment's highest price that is held beyond what was used, for the requests that are under way."""
_ROUNDING = 1e-9
"""Share of a price by which the sum of as many small ones may come out higher."""


@dataclass
class TokenMeter:
    """The US dollars of a payment's tokens so far, in `usd`.

    A platform may count more tokens than any estimate foresaw, and a plan's ceiling holds nonetheless.

    Attributes:
        items: of the estimate line, for the tokens of prompts and of completions.
    """

    payment: Payment
    items: tuple[str, str]
    usd: float = 0.0
    _held: float = field(init=False)

    def __post_init__(self) -> None:
        line = self.payment.account.line(self.payment.key)
        self._held = self._step = high_usd(line, self.payment.share) if line else 0.0

    def add(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count the tokens of answers that have come.

        Raises:
            CeilingReached: the next ones could take the total above the approved ceiling.
        """
        account, key = self.payment.account, self.payment.key
        tokens = dict(zip(self.items, map(float, (prompt_tokens, completion_tokens)), strict=True))
        self.usd += quantities_usd(account.line(key), tokens) or 0.0
        if self.usd > self._held * (1 + _ROUNDING):
            needed = self.usd + _AHEAD * self._step
            account.extend(key, self.payment.id, needed)
            self._held = needed
