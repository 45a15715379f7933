"""Platform of this process: the Fireworks service, or the embedded platform inside the process or at an address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from fw_assets.classification.errors import input_error
from fw_assets.fireworks import HOSTED, Fireworks
from fw_assets.pipeline.platform.waits import relay_waits
from fw_assets.settings import PlatformName, settings

if TYPE_CHECKING:
    from fw_assets.embedded.exporting.export import Exported, ExportFormat

T = TypeVar("T")
ENCODER = "all-MiniLM-L6-v2"
"""What `Platform.embed` embeds texts by."""
_IN_PROCESS_URL = "http://embedded.localhost"
"""Never resolved: requests to it are answered inside this process."""


class _InProcess(httpx.ASGITransport):
    async def aclose(self) -> None:
        from fw_assets.embedded import flush_counts

        await super().aclose()
        flush_counts()


@dataclass(frozen=True)
class Platform:
    """A platform, and how to connect to it. A key of the environment is read when a client is made.

    Attributes:
        home: state of the embedded platform.
        base_url: its address, or another one of the service; None: inside this process, or the service's own.
        key: None for that of the environment.
    """

    name: PlatformName
    home: Path
    base_url: str | None = None
    account_id: str | None = None
    key: SecretStr | None = field(default=None, repr=False)

    @property
    def is_embedded(self) -> bool:
        """Whether the models run on CPUs of the user's own, at no cost."""
        return self.name == "embedded"

    @property
    def poll_seconds(self) -> float:
        """Seconds between two looks at a job's state."""
        return 0.2 if self.is_embedded else 5.0

    @property
    def count_tokens(self) -> Callable[[str], int] | None:
        """The platform's own tokenizer, if it can be used without a request."""
        if not self.is_embedded:
            return None
        from fw_assets.embedded import count_tokens

        return count_tokens

    def connect(self) -> Fireworks:
        """A client, to be entered with `async with`.

        Raises:
            InputError: the platform is the service, or embedded on another machine, and no key is set.
        """
        if self.is_embedded and self.base_url is None:
            from fw_assets.embedded import ACCOUNT, api_key, create_app

            transport = _InProcess(app=create_app(self.home))
            key = api_key(self.home)
            return Fireworks(base_url=_IN_PROCESS_URL, api_key=key, account_id=ACCOUNT, transport=transport)
        try:
            return Fireworks(base_url=self.base_url or HOSTED, api_key=self._remote_key(), account_id=self.account_id)
        except (ValueError, httpx.InvalidURL) as error:
            address = "FW_EMBEDDED_URL" if self.is_embedded else "FIREWORKS_BASE_URL"
            field = "FIREWORKS_API_KEY" if "API key" in str(error) else address
            raise input_error(str(error), kind="setting", field=field, advice="Correct the variable.") from None

    def _no_key(self) -> NoReturn:
        raise input_error(
            "the key is empty: where it is {{ env.NAME }}, that variable is not set in this process",
            field="platform.key",
            advice="Set it where the code server and the runs of Dagster start.",
        )

    def _remote_key(self) -> str:
        if self.key is not None:
            return self.key.get_secret_value() or self._no_key()
        # The service's key in a `.env` is nothing for an embedded platform on another machine.
        key = settings().api_key if self.is_embedded else settings().service_key
        if key:
            return key
        if not self.is_embedded:
            raise input_error(
                "FW_PLATFORM=fireworks needs a key in FIREWORKS_API_KEY",
                field="FIREWORKS_API_KEY",
                advice="Set it or FIREWORKS_AGENT_API_KEY, here or in `.env` in this folder; or leave FW_PLATFORM "
                "unset to use the embedded platform.",
            )
        if not (self.home / "api_key").exists():
            raise input_error(
                f"the embedded platform at {self.base_url} is not of this machine, and its key is not known here",
                field="FIREWORKS_API_KEY",
                advice="Set it to what `fw-assets serve` printed there (the file api_key in its folder).",
            )
        from fw_assets.embedded import api_key

        return api_key(self.home)

    def export_model(
        self, files: Path, form: ExportFormat, folder: Path, requests: Sequence[bytes], *, exact: bool
    ) -> Exported:
        """A tuned model of the embedded platform from its files into another form, and what that answers.

        Raises:
            ValueError, RuntimeError: the model has no such form, or something that it needs is missing.
        """
        from fw_assets.embedded import export_model

        return export_model(files, form, folder, self.home / "cache", requests, exact=exact)

    @property
    def missing_encoder(self) -> str | None:
        """Why texts cannot be embedded on this machine; None where they can. It needs no platform."""
        from fw_assets.embedded import missing_sentence_encoder

        if not settings().fw_sentence_encoder:
            return "FW_SENTENCE_ENCODER=0 leaves it out"
        advice = missing_sentence_encoder()
        return advice and f"its weights are not on this machine: {advice}"

    def embed(self, texts: Sequence[str], *, anew: bool = False) -> NDArray[np.float32]:
        """Sentence embeddings of texts (texts, features), computed on this machine whatever the platform.

        Args:
            anew: without what was computed before.

        Raises:
            RuntimeError: the encoder's weights are missing, or are not the published ones.
        """
        from fw_assets.embedded import embed_sentences

        # A machine that no platform has its files on keeps the cache beside the user's weights.
        return embed_sentences(texts, self.home / "cache" if self.home.is_dir() else None, anew=anew)

    def call(self, work: Callable[[Fireworks], Awaitable[T]]) -> T:
        """Run `work` with a client of its own, and return its result."""

        relay_waits()

        async def connected() -> T:
            async with self.connect() as client:
                return await work(client)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(connected())
        # A notebook's kernel runs a loop in the thread of its cells, and a thread has one loop.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(copy_context().run, asyncio.run, connected()).result()

    @property
    def public_url(self) -> str:
        """The address at which other processes reach the platform."""
        if self.base_url:
            return self.base_url
        return f"http://127.0.0.1:{settings().fw_port}" if self.is_embedded else HOSTED


def rehearse_prices(file: Path) -> None:
    """Have the embedded platform charge by a price file, until another one is configured.

    Raises:
        InputError: the platform is not embedded, or the file is not a price list.
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
    configured = settings()
    embedded = configured.fw_platform == "embedded"
    return Platform(
        name=configured.fw_platform,
        home=configured.platform_home,
        base_url=configured.fw_embedded_url if embedded else configured.fireworks_base_url,
        account_id=None if embedded else configured.service_account,
    )
