"""Which platform is spoken to, and where results lie, as the environment says.

This is the only module of the pipeline that knows the embedded platform, and only to start it inside this process.
It does without Dagster, so that a command that finds nothing to do does not pay for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from fw_assets.classification.errors import input_error
from fw_assets.fireworks import Fireworks
from fw_assets.settings import PlatformName, settings

T = TypeVar("T")
FIREWORKS_URL = "https://api.fireworks.ai"
EMBEDDED_URL = "http://embedded.localhost"


@dataclass(frozen=True)
class Platform:
    """Which platform, and how to speak to it. The key is read when a connection is made and kept nowhere else."""

    name: PlatformName
    home: Path
    base_url: str | None = None
    account_id: str | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the models run on this machine, for nothing."""
        return self.name == "embedded"

    @property
    def poll_seconds(self) -> float:
        """How often a job's state is looked at."""
        return 0.2 if self.is_embedded else 5.0

    @property
    def count_tokens(self) -> Callable[[str], int] | None:
        """The platform's own tokenizer, where it is at hand without asking."""
        if not self.is_embedded:
            return None
        from fw_assets.embedded import count_tokens

        return count_tokens

    def connect(self) -> Fireworks:
        """A client, to be entered with `async with`.

        Raises:
            InputError: the platform is `fireworks`, or the embedded one of another machine, and
                `FIREWORKS_API_KEY` is not set.
        """
        if self.is_embedded and self.base_url is None:
            from fw_assets.embedded import ACCOUNT, api_key, create_app

            transport = httpx.ASGITransport(app=create_app(self.home))
            return Fireworks(base_url=EMBEDDED_URL, api_key=api_key(self.home), account_id=ACCOUNT, transport=transport)
        key = settings().api_key
        if self.is_embedded and not key:
            from fw_assets.embedded import api_key

            if not (self.home / "api_key").exists():
                raise input_error(
                    f"the embedded platform at {self.base_url} is not of this machine, and its key is not known here",
                    field="FIREWORKS_API_KEY",
                    advice="Set it to what `fw-assets serve` printed there (the file api_key in its folder).",
                )
            key = api_key(self.home)
        if not key:
            raise input_error(
                "FW_PLATFORM=fireworks needs a key in FIREWORKS_API_KEY",
                field="FIREWORKS_API_KEY",
                advice="Set it, or leave FW_PLATFORM unset to use the embedded platform.",
            )
        return Fireworks(base_url=self.base_url or FIREWORKS_URL, api_key=key, account_id=self.account_id)

    def call(self, work: Callable[[Fireworks], Awaitable[T]]) -> T:
        """Run `work` with a client of its own, to its end."""

        async def connected() -> T:
            async with self.connect() as client:
                return await work(client)

        return asyncio.run(connected())

    @property
    def public_url(self) -> str:
        """Where a program outside this process reaches the platform."""
        if self.base_url:
            return self.base_url
        return f"http://127.0.0.1:{settings().fw_port}" if self.is_embedded else FIREWORKS_URL


def rehearse_prices(file: Path) -> None:
    """Make the embedded platform charge by a price file; it does so until another file is given.

    Raises:
        InputError: the platform is another, or the file is no price list.
    """
    from fw_assets.embedded import rehearse_prices as rehearse

    if not platform_from_environment().is_embedded:
        raise input_error("prices can be rehearsed on the embedded platform only", field="--rehearse-prices")
    try:
        rehearse(settings().platform_home, file)
    except ValueError as error:
        raise input_error(str(error), kind="prices", field="--rehearse-prices") from None


def platform_from_environment() -> Platform:
    """The platform that the settings name.

    Raises:
        InputError: a setting is wrong.
    """
    given = settings()
    embedded = given.fw_platform == "embedded"
    return Platform(
        name=given.fw_platform,
        home=given.platform_home,
        base_url=given.fw_embedded_url if embedded else given.fireworks_base_url,
        account_id=None if embedded else given.fireworks_account_id,
    )
