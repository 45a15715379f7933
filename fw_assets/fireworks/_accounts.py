"""The account that a key belongs to."""

from __future__ import annotations

from ._errors import AccountError
from ._http import HttpClient
from ._resources import Resource, parse_resource


class Account(Resource):
    """An account; nothing can be started in one whose `suspend_state` is other than UNSUSPENDED."""

    suspend_state: str = ""


async def find_account_id(http: HttpClient) -> str:
    """The id of the key's only account.

    Raises:
        AccountError: the key belongs to none, to several, or to one that is suspended.
    """
    response = await http.get("/v1/accounts", {"pageSize": 2})
    accounts = [parse_resource(Account, item) for item in response.get("accounts") or []]
    if not accounts:
        raise AccountError("This key is not bound to any account. Use another key, or name the account.")
    if len(accounts) > 1:
        names = ", ".join(account.id for account in accounts)
        raise AccountError(f"This key has several accounts ({names}, ...). Set FIREWORKS_ACCOUNT_ID to one of them.")
    account = accounts[0]
    if account.suspend_state not in ("", "UNSUSPENDED"):
        raise AccountError(f"Account {account.id} is suspended ({account.suspend_state}). Settle that first.")
    return account.id
