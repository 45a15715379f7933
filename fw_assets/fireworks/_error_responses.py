"""Error responses: which of the errors a response is, by its status, its codes and its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import (
    AdapterNotLoaded,
    AlreadyExists,
    ApiError,
    AuthenticationError,
    BadRequest,
    BillingError,
    FailedPrecondition,
    HardwareShortage,
    ModelAccessDenied,
    NotFound,
    PermissionDenied,
    PlatformFault,
    PreconditionUnmet,
    QuotaExceeded,
    RateLimited,
    ReasoningRefused,
    ScalingUp,
    ServerError,
    ShapeNotEnabled,
    TooLarge,
    names_reasoning,
)

_CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""google.rpc.Code by number."""

_BY_STATUS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    402: BillingError,
    403: PermissionDenied,
    404: NotFound,
    408: ServerError,
    409: AlreadyExists,
    413: TooLarge,
    429: RateLimited,
}


_QUOTA = re.compile(
    r"in use:? *[\d.,]+[,;]? *quota:? *[\d.,]+|quota (?:\w+ ){0,2}exceeded for|exceeded (?:\w+ ){0,3}quota for",
    re.IGNORECASE,
)
_MODEL_POLICY = re.compile(r"\bmodel(?:[- ]access)? polic(?:y|ies)\b", re.IGNORECASE)
_LOADABLE, _LOADED = r"\b(?:lora|adapter|add-?on|peft)s?\b", r"\b(?:un)?load(?:s|ed|ing|able)?\b"
_FAILED = r"\b(?:fail(?:s|ed|ure)?|could ?n[o']t|can ?not|can't|unable|error|did not|is not|was not|unloadable)\b"
_HARDWARE = r"\b(?:(?:shape|accelerator|gpu|hardware)s?|(?:NVIDIA|AMD)_?\w*|[ABHL]\d{2,3}s?|MI\d{3}X?)\b"
_PRECONDITIONS: tuple[tuple[type[ApiError], re.Pattern[str]], ...] = (
    (
        BillingError,
        re.compile(
            r"payment|billing|invoice|past due|suspended|unpaid|\bbudget\b|out of (?:credit|fund)s?|spend(?:ing)? limit"
            r"|\b(?:insufficient|no|not enough|add|low) (?:\w+ )?(?:credit|fund|balance)s?\b"
            r"|\b(?:credit|fund|balance)s?\b.*\b(?:exhausted|depleted|required|used up|too low|ran out)\b",
            re.I | re.S,
        ),
    ),
    (
        HardwareShortage,
        re.compile(
            rf"(?=.*{_HARDWARE})(?!.*enabled).*\b(?:capacity|shortage|insufficient|exhausted|currently|available)\b",
            re.I | re.S,
        ),
    ),
    (AdapterNotLoaded, re.compile(rf"(?=.*{_LOADABLE})(?=.*{_LOADED})(?=.*{_FAILED})", re.I | re.S)),
    (
        ShapeNotEnabled,
        re.compile(rf"{_HARDWARE}.*\b(?:enabled|allowed|permitted)\b|\bnot enabled\b.*{_HARDWARE}", re.I | re.S),
    ),
    (BillingError, re.compile(r"\b(?:credit|spend|balance)", re.I)),
)
"""What a 412 is about, by its reason and by its words; the first that fits. A payment method that is missing comes
before what it would allow: an adapter to be loaded, or hardware."""


def api_error(status: int, body: Any, *, request: str = "", retry_after: float | None = None) -> ApiError:
    """The error that a response reports in any envelope: `{"error": ...}`, `{"code", "message", "details"}` or
    `{"detail": ...}`."""
    inner = body.get("error", body.get("detail", body)) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping):
        inner = {"message": _words(inner)}
    code = _code(inner.get("code"))
    reason = _reason(inner.get("details")) or code
    detail = str(inner.get("message") or "")[:2000]
    kind = _kind(status, code, reason, detail)
    asks = "/chat/completions" in request or "/batchInferenceJobs" in request
    if issubclass(kind, BadRequest) and asks and names_reasoning(detail):
        kind = ReasoningRefused
    return kind(status, detail, code=code, reason=reason, request=request, retry_after=retry_after)


def _words(value: Any) -> str:
    """What an error says that is no object: a text, or a list of what is wrong with which field."""
    if not isinstance(value, list):
        return "" if value is None else str(value)
    items = [item if isinstance(item, Mapping) else {"msg": item} for item in value]
    places = [".".join(map(str, item["loc"])) if isinstance(item.get("loc"), list) else "" for item in items]
    return "; ".join(
        f"{place}: {item.get('msg', '')}" if place else str(item.get("msg", ""))
        for place, item in zip(places, items, strict=True)
    )


def _kind(status: int, code: str, reason: str, detail: str) -> type[ApiError]:
    words = f"{code} {reason} {detail}".upper()
    if status == 503 and "DEPLOYMENT_SCALING_UP" in words:
        return ScalingUp
    if status in (400, 403, 429) and ("QUOTA_EXCEEDED" in words or _QUOTA.search(detail)):
        return QuotaExceeded
    if status == 403 and _MODEL_POLICY.search(detail):
        return ModelAccessDenied
    if status == 412:
        said = (reason.replace("_", " "), detail)
        kinds = (kind for text in said for kind, pattern in _PRECONDITIONS if pattern.search(text))
        return next(kinds, PreconditionUnmet)
    if status == 400:
        return {
            "FAILED_PRECONDITION": FailedPrecondition,
            "ALREADY_EXISTS": AlreadyExists,
            "RESOURCE_EXHAUSTED": PlatformFault,
            "INTERNAL": PlatformFault,
        }.get(code, BadRequest)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServerError if status >= 500 else BadRequest


def _code(value: Any) -> str:
    if isinstance(value, int) and 0 <= value < len(_CODES):
        return _CODES[value]
    return str(value).upper() if isinstance(value, str) else ""


def _reason(details: Any) -> str:
    if isinstance(details, Sequence) and not isinstance(details, str):
        for detail in details:
            if isinstance(detail, Mapping) and isinstance(detail.get("reason"), str):
                return str(detail["reason"])
    return ""
