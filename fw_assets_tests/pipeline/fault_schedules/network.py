"""Network between a process and the virtual platform, on which each request is a point of the schedule."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform
from fw_assets_tests.fireworks.fake import FAULTS, KEY, spoiled
from fw_assets_tests.pipeline import virtual_time
from fw_assets_tests.pipeline.fault_schedules.processes import Process
from fw_assets_tests.pipeline.fault_schedules.record import Record
from fw_assets_tests.pipeline.fault_schedules.virtual_platform import ACCOUNT, VirtualPlatform

T = TypeVar("T")


@dataclass(frozen=True)
class Network(httpx.AsyncBaseTransport):
    """Carries a process's requests, or loses them."""

    process: Process
    platform: VirtualPlatform
    record: Record

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        await asyncio.sleep(0)
        self.record.settle(self.process)
        # A file that comes short in a sound response is another file: nobody can tell.
        is_file = "/metrics/" in request.url.path
        faults = [fault for fault in FAULTS if not is_file or fault not in ("cut", "empty")]
        event = self.process.point("kill", "kill-after", *faults)
        if event == "kill":
            self.process.die()
        served, before = self.platform.answers, self.platform.charged
        key = digest(json.loads(request.content)["messages"], 24) if request.url.path.endswith("completions") else ""
        try:
            response = spoiled(event if event in FAULTS else None, lambda: self.platform.answer(request))
        finally:
            if self.platform.answers > served:
                usd = self.platform.charged - before
                if event is None:
                    self.record.delivered(self.process, key, usd)
                else:
                    self.record.lose(key, usd)
        if event == "kill-after":
            self.process.die()
        return response


@dataclass(frozen=True)
class VirtualHost(Platform):
    """The virtual platform as the pipeline's steps have it."""

    network: Network = field(kw_only=True)

    @property
    def poll_seconds(self) -> float:
        """A minute of virtual time, so that hours of waiting are few requests."""
        return 60.0

    def connect(self) -> Fireworks:
        return Fireworks(
            base_url=str(self.base_url),
            api_key=KEY,
            account_id=ACCOUNT,
            transport=self.network,
            clock=virtual_time.LoopClock(),
        )

    def call(self, work: Callable[[Fireworks], Awaitable[T]]) -> T:
        async def connected() -> T:
            async with self.connect() as client:
                return await work(client)

        # Who sleeps may wait for what another process holds.
        process = self.network.process
        return virtual_time.run(connected(), lambda: process.machine.pause(process))


def virtual_host(folder: Path, network: Network) -> VirtualHost:
    return VirtualHost(name="embedded", home=folder / "none", base_url="http://virtual.test", network=network)
