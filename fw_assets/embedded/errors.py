"""Refusals of the API: one exception, two envelopes.

Management calls answer `{"code": <google.rpc code>, "message", "details": [...]}`, inference calls
`{"error": {"object": "error", "message", "code", "type"}}`.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HTTP_STATUS: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
RPC_CODE: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


@dataclass
class RpcError(Exception):
    """A refusal.

    Attributes:
        code: name of the google.rpc code.
        message: what was received, what was expected.
        status: HTTP status; that of `code` by default.
        reason: machine-readable reason; `error.code` of the inference envelope, ErrorInfo of the other.
        details: further google.rpc detail objects.
        headers: response headers, such as Retry-After.
    """

    code: str
    message: str
    status: int = 0
    reason: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = self.status or HTTP_STATUS[self.code]
        super().__init__(self.message)

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status == 429 or self.status >= 500

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is otherwise made again of its message alone, in another process.
        return RpcError, (self.code, self.message, self.status, self.reason, self.details, self.headers)

    def management_body(self) -> dict[str, Any]:
        details = list(self.details)
        if self.reason:
            details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": self.reason})
        return {"code": RPC_CODE[self.code], "message": self.message, "details": details}

    def inference_body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if 400 <= self.status < 500 and self.status != 429 else "error"
        return {"error": {"object": "error", "message": self.message, "code": self.reason or self.code, "type": kind}}

    def decision_body(self) -> dict[str, Any]:
        """The inference envelope, and beside it `detail`, where clients of the System One contract look."""
        fields = [violation["field"] for detail in self.details for violation in detail.get("fieldViolations", ())]
        if self.status in (400, 413):
            detail: Any = [{"loc": ["body", *fields], "msg": self.message, "type": self.reason or self.code}]
        else:
            kind = "authentication_error" if self.status in (401, 403) else (self.reason or self.code).lower()
            detail = {"error_type": kind, "message": self.message}
        return self.inference_body() | {"detail": detail}


def invalid(message: str, field_name: str | None = None) -> RpcError:
    """400: the request can never work as it is."""
    violation = {"field": field_name, "description": message}
    bad_request = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return RpcError("INVALID_ARGUMENT", message, details=[bad_request] if field_name else [])


def precondition(message: str, reason: str | None = None) -> RpcError:
    """400, code 9: the request is valid, the state of the resource does not permit it."""
    return RpcError("FAILED_PRECONDITION", message, reason=reason)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM)


def machine_fault(error: OSError | MemoryError, home: Path) -> RpcError:
    """400: what the machine refuses. RESOURCE_EXHAUSTED where room has run out, else INTERNAL.

    Not 429 or 5xx, which a client would send again for minutes: a person has to do something first.
    """
    if isinstance(error, MemoryError):
        reason = f": {error}" if str(error) else ""
        return RpcError("RESOURCE_EXHAUSTED", f"the memory of the platform's machine is used up{reason}", status=400)
    if error.errno in _FULL:
        where = error.filename or home
        message = f"no space is left in {where}, the platform's folder ({error.strerror}): free some, and try again"
        return RpcError("RESOURCE_EXHAUSTED", message, status=400, reason="NO_SPACE")
    return RpcError("INTERNAL", str(error), status=400, reason="FILE_FAULT")


def not_found(name: str) -> RpcError:
    return RpcError("NOT_FOUND", f"{name} was not found, or the key has no permission to see it")


def already_exists(name: str) -> RpcError:
    return RpcError("ALREADY_EXISTS", f"{name} already exists")
