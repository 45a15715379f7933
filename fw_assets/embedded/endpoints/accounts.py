"""The one account of the platform."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import page
from fw_assets.embedded.store.resource_ids import ACCOUNT

_CREATED = "2026-01-01T00:00:00.000000Z"


def get(call: Call) -> dict[str, Any]:
    """Get the account."""
    return {
        "name": f"accounts/{call.account}",
        "displayName": "Embedded platform",
        "email": "nobody@localhost",
        "accountType": "ACCOUNT_TYPE_UNSPECIFIED",
        "state": "READY",
        "status": {"code": "OK", "message": ""},
        "suspendState": "UNSUSPENDED",
        "createTime": _CREATED,
        "updateTime": _CREATED,
    }


def list_all(call: Call) -> dict[str, Any]:
    """List the accounts that the key belongs to: this one."""
    account = get(Call(call.platform, ACCOUNT, "", call.query, call.body, call.base_url))
    return page("accounts", [account], call.query)
