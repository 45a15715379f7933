"""Settings of the inference server, read from the environment and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.settings import EmbeddedSettings, embedded_settings

_ANY = ""


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        url: without `/v1` and slash at its end.
        names: (base model, its name at the server); an empty first one stands for every model.
        folder: where adapters are copied to, and what that is called at the server; None for the platform's own folder.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    names: tuple[tuple[str, str], ...] = ()
    folder: tuple[Path, str] | None = None

    def name_of(self, base: str) -> str | None:
        """What the user says that the server calls a base model."""
        names: Mapping[str, str] = dict(self.names)
        return names.get(base, names.get(_ANY))


def server_settings() -> ServerSettings | None:
    """The server of the environment; None where there is none.

    Raises:
        EngineError: a variable has a value that it cannot have.
    """
    own = embedded_settings()
    if own.fw_inference_url is None:
        return None
    key = own.fw_inference_key.get_secret_value().strip() if own.fw_inference_key else None
    if key and not (key.isascii() and key.isprintable()):
        raise EngineError("FW_INFERENCE_KEY has a character that no key has: correct the variable")
    return ServerSettings(
        url=_root(own.fw_inference_url),
        key=key or None,
        names=tuple(_name(item) for item in (own.fw_inference_model or "").split(",") if item.strip()),
        folder=_folder(own.fw_inference_adapters),
    )


def shown_address(settings: EmbeddedSettings) -> str | None:
    """The server's address as it may be shown: without user, password and query."""
    if settings.fw_inference_url is None:
        return None
    try:
        parts = urlsplit(settings.fw_inference_url.strip())
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "FW_INFERENCE_URL"
    return f"{parts.scheme or 'http'}://{host}{port}{parts.path}".rstrip("/").removesuffix("/v1")


def _root(url: str) -> str:
    wrong = "FW_INFERENCE_URL is no address that can be asked: expected one such as http://localhost:8000"
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise EngineError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url.strip()):
        raise EngineError(wrong)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise EngineError(f"{wrong}, without user, password and query; a key is set by FW_INFERENCE_KEY")
    return url.strip().rstrip("/").removesuffix("/v1")


def _name(item: str) -> tuple[str, str]:
    base, equals, name = (part.strip() for part in item.partition("="))
    if equals and not (base and name):
        raise EngineError(f"FW_INFERENCE_MODEL: {item.strip()!r}; expected NAME=NAME_THERE")
    return (base, name) if equals else (_ANY, base)


def _folder(value: str | None) -> tuple[Path, str] | None:
    if value is None:
        return None
    here, _, there = value.strip().partition(":")
    folder = Path(here).expanduser().resolve()
    if not here or not folder.is_dir():
        raise EngineError(
            f"FW_INFERENCE_ADAPTERS: {here or value!r} is no folder on this machine; create it where the server sees it"
        )
    return folder, there.rstrip("/") or str(folder)
