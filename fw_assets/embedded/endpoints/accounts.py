"""The one account of the platform."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import page
from fw_assets.embedded.records.model_documents import PUBLISH_TIME
from fw_assets.embedded.store.resource_names import ACCOUNT


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List the accounts of the key."""
    account = {
        "name": f"accounts/{ACCOUNT}",
        "displayName": "Embedded platform",
        "email": "nobody@localhost",
        "accountType": "ACCOUNT_TYPE_UNSPECIFIED",
        "state": "READY",
        "status": {"code": "OK", "message": ""},
        "suspendState": "UNSUSPENDED",
        "createTime": PUBLISH_TIME,
        "updateTime": PUBLISH_TIME,
    }
    return page("accounts", [account], request.query)
