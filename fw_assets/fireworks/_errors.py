"""The errors of this package; each message says what to do about it.

FireworksError
├── ConnectionFailed          no response: refused, lost, or too slow
├── UnexpectedResponse        a response that is not what the API promises (cut off, not JSON)
│   └── OversizedResponse     more than the API can have to say; not asked for again
├── ApiError                  the platform answered with an error status
│   ├── BadRequest            400, 422: the request itself is wrong
│   │   ├── FailedPrecondition  400 with code 9: right request, wrong moment
│   │   ├── PlatformFault     400 with RESOURCE_EXHAUSTED or INTERNAL: right request, the platform lacks something
│   │   └── ReasoningRefused  400 that names reasoning: leave `reasoning_effort` out
│   ├── AuthenticationError   401: the key is not accepted
│   ├── PermissionDenied      403: the key may not do this
│   │   └── ModelAccessDenied   the account's policy does not allow this model
│   ├── BillingError          402, 412: payment or account standing
│   ├── PreconditionUnmet     412: something that the request needs is missing
│   │   ├── AdapterNotLoaded    a fine-tuned model failed to load
│   │   ├── ShapeNotEnabled     hardware that the account may not use
│   │   └── HardwareShortage    hardware of which none is free
│   ├── NotFound              404
│   ├── AlreadyExists         409: the id is taken
│   ├── TooLarge              413
│   ├── RateLimited           429: wait, then ask again
│   │   └── QuotaExceeded     429 or 400 on create: a quota is used up, and time alone does not free it
│   └── ServerError           408, 5xx: the platform's own trouble
│       └── ScalingUp         503 DEPLOYMENT_SCALING_UP: replicas are starting
├── AccountError              the key belongs to no account, or to several
├── ConflictError             the id exists with other content than asked for
├── DatasetFailed             the platform refused an uploaded file
├── JobFailed                 a job ended without its result
├── DeploymentFailed          a deployment will never answer
├── ValidateOnlyIgnored       the service created a deployment that it was only to validate
└── WaitTimeout               a wait reached its timeout; what was waited for goes on
    └── Stalled               no progress for too long
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FireworksError(Exception):
    """Base of every error of this package."""


class ConnectionFailed(FireworksError):
    """No response came. `delivered` is False when the request surely never left this machine."""

    def __init__(self, message: str, *, delivered: bool) -> None:
        super().__init__(f"{message}. Check the network and the base URL, then run again.")
        self.delivered = delivered


class UnexpectedResponse(FireworksError):
    """A response that is not what the API promises."""


class OversizedResponse(UnexpectedResponse):
    """A response, or a list over all its pages, that is larger than anything the API promises."""


class ApiError(FireworksError):
    """A response with an error status.

    Attributes:
        status: HTTP status.
        code: the API's own code as upper-case text (`INVALID_ARGUMENT`, ...), or "".
        reason: the machine-readable reason of the error details, or `code`.
        detail: the platform's words.
        retry_after: seconds the platform asks to wait, or None.
    """

    advice = ""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        reason: str = "",
        request: str = "",
        retry_after: float | None = None,
    ) -> None:
        explanation = detail or "no explanation given"
        label = f"{status} {code}".strip()
        text = f"{request}: {label}: {explanation}" if request else f"{label}: {explanation}"
        super().__init__(f"{text.rstrip('.')}. {self.advice}".rstrip())
        self.status = status
        self.code = code
        self.reason = reason or code
        self.detail = detail
        self.retry_after = retry_after


class BadRequest(ApiError):
    """400 or 422."""

    advice = "The request is wrong as it stands; repeating it will not help."


class FailedPrecondition(BadRequest):
    """400 with code 9: the resource is not in a state that allows this."""

    advice = "Look at the resource's state; the request is right but not now."


class PlatformFault(BadRequest):
    """400 with RESOURCE_EXHAUSTED or INTERNAL: the request is right, and the platform cannot carry it out."""

    advice = "The request is right, but the platform could not carry it out: see to what it says, and run again."


class ReasoningRefused(BadRequest):
    """400 or 422 about `reasoning_effort`: the model does not reason, or cannot do without."""

    advice = "Leave reasoning_effort out of requests to this model."


class AuthenticationError(ApiError):
    """401."""

    advice = "Check FIREWORKS_API_KEY; an inference-only key cannot train."


class PermissionDenied(ApiError):
    """403."""

    advice = "This key lacks the permission; use a key of a user or service account that has it."


class ModelAccessDenied(PermissionDenied):
    """403 of the account's model-access policy."""

    advice = (
        "The account's policy does not allow this with this model, whatever the key: have an administrator of the "
        "account allow it, or name another model."
    )


class BillingError(ApiError):
    """402, or 412 about money."""

    advice = "Check the account's payment method, credits and spending limit."


class PreconditionUnmet(ApiError):
    """412."""

    advice = (
        "Something that the request needs is missing. Where the platform does not say what: a payment method, a "
        "fine-tuned model that failed to load, or hardware that is not enabled for the account."
    )


class AdapterNotLoaded(PreconditionUnmet):
    """412 about a fine-tuned model that the deployment could not load."""

    advice = (
        "The deployment could not load the fine-tuned model, and will not by waiting: its hardware or precision does "
        "not take it."
    )


class ShapeNotEnabled(PreconditionUnmet):
    """412 about hardware that the account may not use."""

    advice = (
        "This hardware is not enabled for the account: ask the vendor to enable it (its tier depends on what was spent "
        "before), or name a smaller model."
    )


class HardwareShortage(PreconditionUnmet):
    """412 about hardware of which none is free."""

    advice = "The platform has none of this hardware free: run again later, or name a smaller model."


class NotFound(ApiError):
    """404: it does not exist, or this key may not see it."""

    advice = "Check the name and the account."


class AlreadyExists(ApiError):
    """409: the id is taken."""

    advice = "The id is taken."


class TooLarge(ApiError):
    """413."""

    advice = "Send less in one request."


class RateLimited(ApiError):
    """429."""

    advice = "Too many requests; wait or lower the concurrency."


class QuotaExceeded(RateLimited):
    """429 or 400 whose reason is a resource quota, which time alone does not free."""

    advice = (
        "The account's quota is used up: wait until what uses it is done, stop what is not needed on the platform, or "
        "ask the vendor for a larger quota."
    )


class ServerError(ApiError):
    """408 or 5xx."""

    advice = "The platform's own trouble; run again later."


class ScalingUp(ServerError):
    """503 while a deployment's replicas start."""

    advice = "The deployment is starting; ask again in a minute."


class AccountError(FireworksError):
    """The account cannot be told from the key."""


class ConflictError(FireworksError):
    """A resource of this id exists and is not what was asked for.

    `differences` maps a field to (requested, existing).
    """

    def __init__(self, name: str, differences: Mapping[str, tuple[Any, Any]], why: str = "") -> None:
        fields = "; ".join(
            f"{field}: asked {requested!r}, found {existing!r}" for field, (requested, existing) in differences.items()
        )
        super().__init__(f"{name} exists already and differs ({why or fields}). Nothing was changed; use another id.")
        self.name = name
        self.differences = dict(differences)


class DatasetFailed(FireworksError):
    """The platform did not accept an uploaded dataset."""


class JobFailed(FireworksError):
    """A job ended without its result. `state` is how, `detail` what the platform says."""

    def __init__(self, name: str, state: str, detail: str) -> None:
        super().__init__(f"{name} ended as {state}: {detail or 'the platform gives no reason'}")
        self.name = name
        self.state = state
        self.detail = detail


class DeploymentFailed(FireworksError):
    """A deployment is in a state from which it will not answer."""


class ValidateOnlyIgnored(FireworksError):
    """The service creates what it is asked to validate. No `ApiError`: it is no refusal, and costs money."""

    def __init__(self, name: str, *, deleted: bool = False) -> None:
        then = "it is deleted by now" if deleted else "it costs money while it is up: delete it on the platform"
        super().__init__(
            f"{name} was created by a request for a quote, since this service ignores `validateOnly`; {then}, and plan "
            "on another service, since plans are not quoted on this one."
        )
        self.name = name


class WaitTimeout(FireworksError):
    """A wait reached its timeout. Nothing was cancelled: run again to go on waiting."""

    def __init__(self, name: str, seconds: float, last: str) -> None:
        super().__init__(f"{name}: not done after {seconds:.0f} s (last seen: {last}). It goes on; run again to wait.")
        self.last = last


class Stalled(WaitTimeout):
    """Neither the state nor the progress changed for too long."""


def names_reasoning(message: str) -> bool:
    """Whether a refusal is about how a model reasons, and so perhaps about `reasoning_effort` alone."""
    words = message.lower()
    return "reasoning" in words or "thinking" in words


def is_lacking(error: ApiError) -> bool:
    """Whether the platform has no such call, does not let this key make it, or does not take the request."""
    return error.status == 501 or isinstance(error, NotFound | PermissionDenied | BadRequest)
