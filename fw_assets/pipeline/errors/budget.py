"""Errors of what was approved: going on would cost more."""

from __future__ import annotations

from fw_assets.classification.cost.prices import Item
from fw_assets.pipeline.errors.phase import PhaseError


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
