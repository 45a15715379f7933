"""Which account a key belongs to."""

from __future__ import annotations

from typing import Any

from ._errors import AccountError
from ._http import Wire
from ._values import Resource, read


class Account(Resource):
    """An account; `suspend_state` other than UNSUSPENDED means that nothing can be started in it."""

    email: str = ""
    account_type: str = ""
    suspend_state: str = ""


async def find_account(wire: Wire, wanted: str | None) -> Account:
    """The account of the key; `wanted` picks one of several.

    Raises:
        AccountError: the key belongs to none, to several with none wanted, not to the wanted one, or to one
            that is suspended.
    """
    query: dict[str, Any] = {"pageSize": 200 if wanted else 2}
    answer = await wire.get("/v1/accounts", query)
    found = [read(Account, item) for item in answer.get("accounts") or []]
    names = ", ".join(account.id for account in found)
    if wanted is not None:
        matching = [account for account in found if account.id == wanted]
        if not matching:
            raise AccountError(
                f"This key has no account {wanted!r}; it has: {names or 'none'}. Check FIREWORKS_ACCOUNT_ID."
            )
        found = matching
    if not found:
        raise AccountError("This key is not bound to any account. Use another key, or name the account.")
    if len(found) > 1:
        raise AccountError(f"This key has several accounts ({names}, ...). Set FIREWORKS_ACCOUNT_ID to one of them.")
    account = found[0]
    if account.suspend_state not in ("", "UNSUSPENDED"):
        raise AccountError(f"Account {account.id} is suspended ({account.suspend_state}). Settle that first.")
    return account
