"""Adapters on a deployment of their base: loaded once, waited for, and failed in one sentence."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import DeploymentFailed

from .fake import client_of

MODEL, DEPLOYMENT = "accounts/acme/models/tuned", "accounts/acme/deployments/base"


class Loader:
    """Loads adapters, which are in each of `states` for one look; loads nothing a second time."""

    def __init__(self, *states: str, loaded: bool = False) -> None:
        self.states = list(states)
        self.loaded = loaded
        self.creates = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            if self.loaded:
                return httpx.Response(409, json={"code": 6, "message": "exists"})
            self.loaded = True
            self.creates += 1
            return httpx.Response(200, json=self._item(json.loads(request.content)))
        items = [self._item({"model": MODEL, "deployment": DEPLOYMENT})] if self.loaded else []
        return httpx.Response(200, json={"deployedModels": items})

    def _item(self, body: dict[str, Any]) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"message": "rank 64 is too large"} if state == "FAILED" else {}
        return {"name": "accounts/acme/deployedModels/x", **body, "state": state, "status": status}


def load(loader: Loader) -> str:
    client, _, _ = client_of(loader)
    return asyncio.run(client.ensure_loaded(MODEL, DEPLOYMENT)).state


def test_an_adapter_is_loaded_once_and_waited_for() -> None:
    loader = Loader("DEPLOYING", "DEPLOYING", "DEPLOYING", "DEPLOYED")
    assert load(loader) == "DEPLOYED"
    assert load(loader) == "DEPLOYED"
    assert loader.creates == 1


@pytest.mark.parametrize("loader", [Loader("DEPLOYING", "FAILED"), Loader("FAILED"), Loader("FAILED", loaded=True)])
def test_an_adapter_that_fails_to_load_is_no_conflict(loader: Loader) -> None:
    for _ in range(2):
        with pytest.raises(DeploymentFailed, match=f"{MODEL} failed to load onto {DEPLOYMENT}: rank 64 is too large"):
            load(loader)
