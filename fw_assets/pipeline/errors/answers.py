"""Errors of what models answer, and of where they can be asked."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.pipeline.errors.phase import PhaseError


class Unanswered(PhaseError):
    """Some rows got no answer; the answers that came are kept, and no figure is made of them."""

    def __init__(self, model: str, rows: int, example: str = "") -> None:
        super().__init__(
            f"{rows} requests to {model} failed for good{f' ({example})' if example else ''}; every answer that came "
            "is kept. Materialize this again, or run it again, to ask for the missing rows only."
        )


class ThinksBeforeAnswering(PhaseError):
    """A model answers with its reasoning, or spends the tokens of an answer on it, and gives no label.

    Attributes:
        reason: the same, as it follows the model's name.
    """

    def __init__(self, model: str, rows: int, max_tokens: int) -> None:
        self.reason = (
            f"thinks before it answers, whatever it is told: {rows} of its first answers held nothing else, or "
            f"ended in the middle of that at the {max_tokens} tokens that a label has room in"
        )
        super().__init__(
            f"{model} {self.reason}. No more is asked, since every row would "
            "be paid for without a label, and the accuracy would be that of the limit; the answers so far are kept. "
            "Take it out of `models` and plan again, or name a variant that does not reason."
        )


class DecisionsRefused(PhaseError):
    """A deployment answers no decisions, or a model no more, that did when the plan was made.

    Attributes:
        why: in the platform's words.
        reason: the same, as it follows the model's name.
    """

    def __init__(self, model: str, why: str, *, deployed: bool) -> None:
        where = "on its deployment" if deployed else "any more, though it did when the plan was made"
        self.why, self.reason = why, f"answers no decisions {where} ({why.rstrip('.')})"
        super().__init__(
            f"{model} {self.reason}. No more rows are asked. Leave `decision` out of `arms` or `inference` and plan "
            "again."
        )


class NoProbabilities(PhaseError):
    """The platform gives no probability for each label."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"{model} gives no probability for each label ({why}): leave --probabilities out")


class NotServable(PhaseError):
    """The platform accepts no deployment of a model."""

    def __init__(self, model: str, refusals: Sequence[str]) -> None:
        super().__init__(
            f"the platform serves {model} in no way that is known ({'; '.join(refusals)}). Nothing was deployed, and "
            "what was trained is kept. Ask in batch jobs with `--inference batch` where the platform has them, or name "
            "another base model."
        )


class NotServed(PhaseError):
    """No address answers for the winner."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(
            f"{model} has no address that requests could go to: it answered in batch jobs, the platform serves it on a "
            f"deployment only, and nothing was deployed. {why} To ask it, run again with `--inference deployment`: its "
            "evaluation then makes a deployment, priced in the plan, which scales to zero and stays."
        )


class NotWhatWasEvaluated(PhaseError):
    """A deployment answers, but not as the model that was evaluated."""
