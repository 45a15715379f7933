"""Errors of the pipeline; those of the input and of the platform are theirs. `failures` says how each is treated."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.cost.prices import Item
from fw_assets.classification.errors import Question


class PhaseError(Exception):
    """Base of the errors below; each says what to do."""


class StepFailed(PhaseError):
    """A step of a command failed in its own process, with that process's message, exit code and kind of error.

    Attributes:
        question: how a person can decide between possible readings of the input, if that is what failed it.
    """

    def __init__(
        self,
        message: str,
        exit_code: int,
        step: str = "",
        kind: str = "step-failed",
        question: Question | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.step = step
        self.kind = kind
        self.question = question

    @classmethod
    def of(cls, errors: Sequence[StepFailed]) -> StepFailed:
        """Several errors as one: each message once, with the exit code of the first."""
        first = errors[0]
        message = "\n".join(dict.fromkeys(map(str, errors)))
        return cls(message, first.exit_code, first.step, first.kind, first.question)


class NotAnAnswer(PhaseError):
    """An approval or a rejection that is nobody's, not to the version of now, or asks for what cannot be."""


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
    """A deployment answers no decisions.

    Attributes:
        why: in the platform's words.
        reason: the same, as it follows the model's name.
    """

    def __init__(self, model: str, why: str) -> None:
        self.why, self.reason = why, f"answers no decisions on its deployment ({why.rstrip('.')})"
        super().__init__(
            f"{model} {self.reason}. No row was asked. Leave `decision` out of `arms` or `inference` and plan again."
        )


class InstanceFault(PhaseError):
    """Dagster's own files are damaged, or cannot be written."""


class RunStopped(PhaseError):
    """Going on would cost more than was approved; the run ends as incomplete.

    Attributes:
        remedy: what helps, in one sentence. `{Again}` and `{again}` stand for how a plan is approved once more,
            `{with_}` for what joins them to a ceiling, and `{ceiling}` for its name, as `PlanAccount.stop` knows them.
    """

    remedy = "{Again}."


class JobCost(RunStopped):
    """The platform asks more for a job than the plan's highest figure for it."""

    remedy = (
        "Stop the job on the platform; then plan fewer rows or epochs, or name the price of training in the file of "
        "FW_PRICES, and {again}."
    )

    def __init__(self, job: str, line: str, usd: float, high: float) -> None:
        super().__init__(
            f"{job}: the platform estimates ${usd:.4f} for this job, more than the ${high:.4f} that the approved plan "
            f"holds for it at most ({line}). Nothing more is started. The job itself exists and cannot be stopped "
            "from here: stop it on the platform, or correct the price and plan again."
        )


class EstimateAboveHeld(RunStopped):
    """The platform would ask more for a job than the plan's highest figure for it; there is no such job."""

    remedy = "Plan fewer rows or epochs, or name the price of training in the file of FW_PRICES, and {again}."

    def __init__(self, job: str, line: str, usd: float, high: float, model: str, price: float) -> None:
        super().__init__(
            f"{job} was not started: the platform estimates ${usd:.4f} for it, more than the ${high:.4f} that the "
            f"approved plan holds for it at most ({line}). Plan fewer rows or epochs; or, to pay it, name a file by "
            f"FW_PRICES with `- {{item: training, model: {model.rsplit('/', 1)[-1]}, usd: {price:.2f}}}` and plan "
            "again."
        )


class EstimateAboveCeiling(RunStopped):
    """The platform asks more for a job without a price in the plan than is left of the approved ceiling."""

    remedy = "{Again}{with_} a higher ceiling (`{ceiling}`)."

    def __init__(self, job: str, line: str, usd: float, left: float, ceiling: float, *, started: bool) -> None:
        state = (
            "Nothing more is started. The job itself exists and cannot be stopped from here: stop it on the platform"
            if started
            else "It was not started. Plan fewer rows or epochs"
        )
        super().__init__(
            f"{job}: the platform estimates ${usd:.4f} for this job, which has no price in the approved plan ({line}), "
            f"and ${left:.4f} is left of the approved ${ceiling:.4f}. {state}; or, to pay it, set a `max_spend_usd` "
            "that has room for it, and plan again."
        )


class DeploymentAboveCeiling(RunStopped):
    """A deployment that is held at its quote would cost more than is left of what was approved."""

    remedy = "{Again}{with_} a higher ceiling (`{ceiling}`)."

    def __init__(
        self, deployment: str, line: str, accelerators: str, usd: float, most: float, left: float, ceiling: float
    ) -> None:
        super().__init__(
            f"{deployment} was not created: the platform quotes {accelerators} for it, ${usd:.2f} an hour and up to "
            f"${most:.2f}. The approved plan holds less for its hours ({line}), and ${left:.2f} is left of the "
            f"approved ${ceiling:.2f}. Ask in batch jobs (`inference: batch`); or, to pay it, set a `max_spend_usd` "
            "that has room for it, and plan again."
        )


class RedeliveryAboveCeiling(RunStopped):
    """Bringing a removed winner back would pass what was approved: it needs a yes of its own."""

    def __init__(self, dataset: str, reached: Exception, deploy: str) -> None:
        """The error of a dataset.

        Args:
            deploy: what says what it costs, and does it.
        """
        super().__init__(
            f"the winner of {dataset} was removed on the platform, and bringing it back has no room in what was "
            f"approved ({reached}). Nothing was created. What says what it costs, and does it for a yes to that "
            f"amount: {deploy}."
        )


class DeploymentAboveHeld(RunStopped):
    """The platform would run a deployment on accelerators that cost more than the plan's highest figure for it."""

    remedy = (
        "{Again}: the plan is made again by what the platform quotes now, and its "
        "price is shown before anything is approved."
    )

    def __init__(
        self,
        deployment: str,
        line: str,
        accelerators: str,
        usd: float,
        most: float,
        held: float,
        model: str,
        item: Item = "deployment-hour",
    ) -> None:
        super().__init__(
            f"{deployment} was not created: the platform quotes {accelerators} for it, ${usd:.2f} an hour and up to "
            f"${most:.2f}, more than the ${held:.2f} that the approved plan holds for it at most ({line}). Ask in "
            "batch jobs (`inference: batch`); or, to pay it, plan again, which asks for the quote anew. A plan that "
            f"has another price then takes yours from a file named by FW_PRICES: `- {{item: {item}, model: "
            f"{model.rsplit('/', 1)[-1]}, usd: {usd:.2f}}}`."
        )


class HoursUsedUp(RunStopped):
    """A deployment was in use for as long as the plan's highest figure for it."""

    def __init__(self, line: str, hours: float, most: float, ceiling: float | None = None) -> None:
        """The error of an estimate line.

        Args:
            most: US dollars that another attempt may cost.
            ceiling: the session's own that has room for them; None where it has, or there is none.
        """
        super().__init__(
            f"{line}: the deployment was in use for the {hours:.2f} hours that the approved plan holds for it at most. "
            "No more is asked; the answers so far are kept, and what was used is paid."
        )
        higher = "" if ceiling is None else f"{{with_}} a higher ceiling (`{{ceiling}} {ceiling:.2f}`)"
        self.remedy = (
            f"{{Again}}{higher}: only the rows that have no answer yet are asked, "
            f"for the further use of the deployment alone, up to ${most:.4f} beside what is paid."
        )


class PredictionAboveCeiling(RunStopped):
    """Labelling a file could cost more than it may.

    Attributes:
        usd: the most that it could; None where no price is known.
    """

    def __init__(self, file: str, usd: float | None, allowed: float) -> None:
        self.usd = usd
        cost = "has no known price" if usd is None else f"could cost ${usd:.4f}"
        raise_it = "leave --max-spend-usd out" if usd is None else "raise --max-spend-usd"
        super().__init__(
            f"labelling {file} {cost}, and ${allowed:.4f} is allowed: {raise_it}, or give fewer rows. "
            "Nothing was asked."
        )


class PredictionStopped(RunStopped):
    """Labelling a file has come to what it may cost."""

    def __init__(self, file: str, usd: float) -> None:
        super().__init__(
            f"labelling {file} came to the ${usd:.4f} that it may cost. No more is asked, and nothing was written; "
            "every answer that came is kept: run it again, which asks for the rest only."
        )


class NoProbabilities(PhaseError):
    """The platform gives no probability for each label."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"{model} gives no probability for each label ({why}): leave --probabilities out")


class AttemptFailed(PhaseError):
    """A job or a deployment ended without its result; another attempt needs a new signature, or would not help."""

    def __init__(
        self, name: str, state: str, reason: str, approve: str, *, attempt: int, attempts: int, own_fault: bool
    ) -> None:
        """The error of an attempt.

        Args:
            approve: how a person approves again.
        """
        self.name, self.state, self.attempt = name, state, attempt
        if own_fault:
            advice = "it is not tried again, since the cause is in the data or the session: correct it and plan again"
        elif attempt >= attempts:
            advice = (
                f"it was attempt {attempt} of {attempts}, and no other is made. Ask the platform's operator for the "
                "cause; a plan with another `seed` starts anew"
            )
        else:
            ordinal = {2: "second", 3: "third"}.get(attempt + 1, f"{attempt + 1}th")
            advice = f"approve again to try a {ordinal} time (attempt {attempt + 1} of {attempts}): {approve}"
        super().__init__(f"{name} ended {state}: {reason.rstrip('. ') or 'the platform gives no reason'}; {advice}.")


class JobStalled(PhaseError):
    """A fine-tuning job is RUNNING and does not move."""

    def __init__(self, job: str, last: str, minutes: float, approve: str) -> None:
        super().__init__(
            f"fine-tuning job {job} made no progress for {minutes:.0f} minutes (last seen: {last}). Run again to wait "
            "longer; if it has died, cancel it on the platform and approve again, which starts another attempt: "
            f"{approve}."
        )


class DeploymentRemoved(PhaseError):
    """What served a dataset's winner is gone from the platform."""

    def __init__(self, deployment: str, deploy: str, *, comes_back: bool) -> None:
        advice = (
            f"Bring it back with: {deploy}"
            if comes_back
            else "It was made to evaluate a base model, and nothing was deployed for good: a run under another "
            "`--name` makes it again."
        )
        super().__init__(
            f"{deployment} was removed on the platform, which does that to deployments that nobody uses for some days. "
            f"{advice}"
        )


class BatchStalled(PhaseError):
    """A batch inference job did not begin."""

    def __init__(self, job: str, model: str, last: str) -> None:
        super().__init__(
            f"{job}: {last} A platform that does not batch {model} says nothing and never begins. Set `inference: "
            "deployment` in the session and plan again, or run again to wait longer."
        )


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


class NotApproved(PhaseError):
    """The current plan has no approval, or was rejected."""


class PlanOutdated(NotApproved):
    """What an approved plan states of prices or models does not hold any more.

    Args:
        step: what was not started.
        plan: digest of the plan.
        reasons: one sentence each.
        approve: how a person approves the plan made again.
        renewed: its digest; empty where it cannot be made.
    """

    def __init__(self, step: str, plan: str, reasons: Sequence[str], approve: str, renewed: str = "") -> None:
        then = (
            f"The new plan {renewed} waits for approval: {approve}."
            if renewed
            else "It cannot be planned again like this: name other models, and run again."
        )
        changes = " ".join(reason.rstrip(".") + "." for reason in reasons)
        super().__init__(
            f"{step} was not started: since plan {plan} was made, the platform's offer has changed. {changes} "
            f"What was done and paid is kept. {then}"
        )


def first_error(error: Exception) -> Exception:
    """The first error in a group of them, however deep; any other error itself."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
