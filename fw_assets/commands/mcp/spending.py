"""Rule on money of an MCP server: what an agent may approve and spend, within the ceiling of whoever started it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fw_assets.classification.cost.ledger import ROUNDING
from fw_assets.classification.errors import input_error
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


def advice(dataset: str) -> str:
    """How a person says yes."""
    return f"A person can approve it: {to_approve(Workspace(settings().workspace_root), dataset)}."


class Spending:
    """What one server has let agents approve and spend, and how much is left.

    The ceiling is for all that the server starts in its life: each approval counts with the most that it allows, each
    labelling with what it paid.

    Attributes:
        ceiling: US dollars; None where agents may approve nothing, and start nothing that may cost something.
    """

    def __init__(self, ceiling: float | None) -> None:
        self.ceiling = ceiling
        self._started: dict[str, float] = {}
        """US dollars by the digest of the plan, for the approvals and runs of this server."""
        self._labelled = 0.0
        self._lock = threading.RLock()

    @property
    def left(self) -> float:
        return max(0.0, (self.ceiling or 0.0) - math.fsum(self._started.values()) - self._labelled)

    @contextmanager
    def plan(self, plan: Plan, digest: str, *, again: bool) -> Iterator[None]:
        """Count the most that a plan may spend; where the block fails, nothing has been counted.

        Args:
            again: count it though it has been counted: another approval allows another attempt.

        Raises:
            NotApproved: it may cost something that the rule does not allow.
        """
        with self._lock:
            if digest in self._started and not again:
                yield
                return
            usd = plan.ceiling_usd()
            self._require(plan, digest, usd)
            before = self._started.get(digest)
            self._started[digest] = usd + (before or 0.0)
            try:
                yield
            except BaseException:
                if before is None:
                    del self._started[digest]
                else:
                    self._started[digest] = before
                raise

    @contextmanager
    def labelling(self, spent: Callable[[], float]) -> Iterator[float]:
        """The most that a labelling may cost, which nothing else spends meanwhile.

        Args:
            spent: US dollars paid and held for labelling, read before and after.
        """
        with self._lock:
            before = spent()
            try:
                yield self.left
            finally:
                self._labelled += spent() - before

    def refusal(self, dataset: str, what: str) -> NotApproved:
        """The error of something that the rule does not allow."""
        if self.ceiling is None:
            why = "this server spends nothing: it was started without --allow-approve and --max-approve-usd"
        else:
            why = f"${self.left:,.4f} is left of the ${self.ceiling:,.2f} that this server may spend"
        return NotApproved(f"{what}, and {why}. {advice(dataset)}")

    def _require(self, plan: Plan, digest: str, usd: float) -> None:
        unknown = plan.estimate_for(plan.session.mitigation).unknown
        if unknown:
            raise NotApproved(
                f"plan {digest} of {plan.dataset} has prices that are not known ({', '.join(unknown)}), and an agent "
                f"cannot answer for them. {advice(plan.dataset)}"
            )
        if usd > self.left + ROUNDING:
            raise self.refusal(plan.dataset, f"plan {digest} of {plan.dataset} may cost up to ${usd:,.4f}")


def spending(allow: bool, max_usd: float | None) -> Spending:
    """The rule that the options of the command line state.

    Raises:
        InputError: one is given without the other, or the ceiling is no amount.
    """
    if allow and max_usd is None:
        raise input_error(
            "an agent approves within a ceiling alone",
            field="--allow-approve",
            advice="Name it: --max-approve-usd 5, or 0 for what costs nothing.",
        )
    if max_usd is not None and not allow:
        raise input_error("is the ceiling of --allow-approve", field="--max-approve-usd", advice="Give both, or none.")
    if max_usd is not None and not (math.isfinite(max_usd) and max_usd >= 0):
        raise input_error(f"expected US dollars, 0 or more (found {max_usd})", field="--max-approve-usd")
    return Spending(max_usd)
