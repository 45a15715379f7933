"""Quotes of deployments: creates with `validateOnly`, and a look whether the service created something after all."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from ._deployments import (
    COLLECTION,
    Accelerators,
    Deployment,
    DeploymentSpec,
    get_deployment,
    list_deployments,
)
from ._errors import AlreadyExists, ApiError, FireworksError, NotFound, ValidateOnlyIgnored
from ._http import HttpClient
from ._logger import log
from ._resources import parse_value
from ._retry import Backoff, outcome_unknown, retrying

PREFIX = "fwa-quote-"


def quote_id(spec: DeploymentSpec) -> str:
    """The id under which a specification is validated: where the flag is ignored, one deployment at most."""
    return PREFIX + hashlib.sha256(json.dumps(spec.body(), sort_keys=True).encode()).hexdigest()[:12]


class DeploymentQuotes:
    """The quotes of one client: each specification is asked for once, and the first with a look before and after it.

    A service that ignores `validateOnly` creates the deployment, which costs money. What such a request has created,
    now or in another run, ends every further one before it is sent.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._known: dict[tuple[str, DeploymentSpec], Accelerators] = {}
        self._honoured = False
        self._created: Deployment | None = None
        # Until the first answer is looked into, a second request could create a second deployment.
        self._first = asyncio.Lock()

    async def quote(self, account: str, spec: DeploymentSpec) -> Accelerators | None:
        """The accelerators of the deployment that would be created; None where the platform does not say.

        Raises:
            ValidateOnlyIgnored: the service creates what it is only to validate.
        """
        try:
            return await self.validate(account, spec)
        except ApiError as error:
            if self._http.retry_policy.backoff_for(error) is not None:
                raise
            log.info("no quote for a deployment of %s: %s", spec.base_model, error)
            return None

    async def validate(self, account: str, spec: DeploymentSpec) -> Accelerators:
        """The accelerators of the deployment that would be created.

        Raises:
            ApiError: it would be refused, or the platform does not validate.
            ValidateOnlyIgnored: the service creates what it is only to validate.
        """
        async with nullcontext() if self._honoured else self._first:
            if (account, spec) not in self._known:
                self._known[account, spec] = await self._ask(account, spec)
        return self._known[account, spec]

    async def _ask(self, account: str, spec: DeploymentSpec) -> Accelerators:
        id = quote_id(spec)

        async def attempt() -> Accelerators:
            before = frozenset[str]() if self._honoured else await self._look(account, [id])
            try:
                answer = await self._send(account, id, spec)
            except FireworksError as error:
                if not self._honoured and (outcome_unknown(error) or isinstance(error, AlreadyExists)):
                    await self._look(account, [id])
                raise
            if not self._honoured:
                other = str(answer.get("name") or id).rsplit("/", 1)[-1]
                await self._look(account, dict.fromkeys([id, *([] if other in before else [other])]))
                self._honoured = True
            return parse_value(Accelerators, answer)

        def backoff_for(error: FireworksError) -> Backoff | None:
            return self._http.retry_policy.backoff_for(error) if outcome_unknown(error) else None

        return await retrying(attempt, backoff_for, self._http.clock, f"quote {id}")

    async def _send(self, account: str, id: str, spec: DeploymentSpec) -> dict[str, Any]:
        path = f"/v1/accounts/{account}/{COLLECTION}"
        # The display name is for services that give ids of their own.
        body = {"displayName": id, **spec.body()}
        return await self._http.post(path, body, {"deploymentId": id, "validateOnly": True})

    async def _look(self, account: str, ids: Iterable[str]) -> frozenset[str]:
        """The ids of the account's deployments.

        Raises:
            ValidateOnlyIgnored: one of them, or one of `ids`, was created by a request for a quote.
        """
        if self._created is None:
            try:
                listed = await list_deployments(self._http, account)
            except NotFound:
                listed = []
            created = [item for item in listed if item.id.startswith(PREFIX) or item.display_name.startswith(PREFIX)]
            for id in ids:
                try:
                    found = await get_deployment(self._http, account, id)
                except NotFound:
                    continue
                created += [found] if found.id == id else []
            if not created:
                return frozenset(item.id for item in listed)
            self._created = created[0]
        raise ValidateOnlyIgnored(self._created.name, deleted=self._created.state in ("DELETING", "DELETED"))
