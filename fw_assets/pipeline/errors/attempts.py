"""Errors of jobs and deployments."""

from __future__ import annotations

from fw_assets.pipeline.errors.phase import PhaseError


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


class BatchStalled(PhaseError):
    """A batch inference job did not begin."""

    def __init__(self, job: str, model: str, last: str) -> None:
        super().__init__(
            f"{job}: {last} A platform that does not batch {model} says nothing and never begins. Set `inference: "
            "deployment` in the session and plan again, or run again to wait longer."
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
