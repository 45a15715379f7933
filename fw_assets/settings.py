"""Environment variables of the pipeline and the command line: name, type, default and meaning of each, once.

A field is the variable of its name in upper case. They are read at every call: a command sets `FW_WORKSPACE` for the
processes that it starts, and tests set others. Plain pydantic and not pydantic-settings, whose import would double the
start-up time of `fw-assets --help`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from fw_assets.classification.dataset_reference import is_url
from fw_assets.classification.errors import InputError, Problem
from fw_assets.dotenv_file import read_dotenv

PlatformName = Literal["embedded", "fireworks"]


class Settings(BaseModel):
    """The environment, validated. An empty variable counts as unset."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    fw_workspace: str = "workspace"
    """Where results lie: a folder, or an fsspec URL such as `s3://bucket/folder`."""
    fw_platform: PlatformName = "embedded"
    """The platform that is used: `embedded` or `fireworks`. A key alone never switches."""
    fw_platform_home: Path | None = None
    """State of the embedded platform; unset: `.platform` in the workspace, or `.fw-platform` here if the workspace
    is a URL."""
    fw_embedded_url: str | None = None
    """Address of an embedded platform that another process or machine serves; unset: it runs inside each process."""
    fireworks_api_key: SecretStr | None = None
    """Key of the service, or of the embedded platform at `FW_EMBEDDED_URL`. Never logged, stored or shown. For the
    service, this variable and the next one are also read from `.env` in the current folder, where the environment has
    neither; and with a key of that file its `FIREWORKS_ACCOUNT_ID`."""
    fireworks_agent_api_key: SecretStr | None = None
    """Key of the service where `FIREWORKS_API_KEY` is unset: the name that users of Fireworks Agent have it under."""
    fireworks_base_url: str | None = None
    """Another address of the service than `https://api.fireworks.ai`."""
    fireworks_account_id: str | None = None
    """The account; unset: the key's own, asked of the service."""
    fw_port: int = Field(8432, ge=1, le=65535)
    """Port of the embedded platform of `fw-assets serve` and `fw-assets ui`, and in what reports print. The options
    `--port` and `--platform-port` hold for their command alone."""
    fw_ui_port: int = Field(3000, ge=1, le=65535)
    """Port of the UI of `fw-assets ui`."""
    fw_prices: Path | None = None
    """Your own price file, which wins over the platform's list and the shipped one."""
    fw_sentence_encoder: bool = True
    """Whether sentence embeddings with logistic regression are among the free models of each session, and choose the
    examples of few-shot arms: `0` leaves them out, where a minute of CPU for ten thousand texts is too long."""
    fw_reader_model: str | None = None
    """A chat model that reads the clauses of an instruction that the parser did not understand; a person confirms them.
    Same as `--reader-model`."""
    fw_inbox: str | None = None
    """Folder or fsspec URL that the sensor `inbox` watches; unset: `inbox` in the workspace."""
    fw_watch_datasets: str | None = None
    """Pattern of the platform's dataset ids that the sensor `platform_datasets` registers (`tickets-*`); unset: off."""
    fw_watch_session: Path | None = None
    """Session file with the models and everything else for the datasets of `FW_WATCH_DATASETS`."""
    fw_scheduled_datasets: str = "*"
    """Pattern of the datasets that the schedules take."""
    fw_regression_max_usd: float = Field(0.0, ge=0)
    """Most that one nightly regression check may cost, in US dollars; no approved plan covers it."""
    fw_notify_command: SecretStr | None = None
    """Command that the sensor `alerts` gives each event to, as JSON on its standard input."""
    fw_notify_url: SecretStr | None = None
    """Webhook that the sensor `alerts` sends each event to by POST, as JSON. Never logged, stored or shown."""
    fw_files_url: str | None = None
    """Address under which a browser finds the workspace's files; set: Dagster's UI shows links in place of paths.
    A query such as `?token=...` is kept at the end of each link."""
    fw_machine: str | None = None
    """Name of this machine, by which runs are known as its own; unset: the host name."""
    fw_ui_hosts: str = ""
    """More names, by commas, under which the UI of `fw-assets ui` may be opened than this machine's own (`localhost`,
    `127.0.0.1`, `::1`). A request under any other name is refused."""
    fw_ui_password: SecretStr | None = None
    """Password that the UI asks for, with any user name. Without it and `FW_UI_PROXY_HEADER` the UI is only served to
    this machine."""
    fw_ui_proxy_header: str | None = None
    """Header in which a reverse proxy names the user whom it has authenticated; requests without it are refused."""
    fw_ui_proxies: str = "127.0.0.1,::1"
    """Addresses or networks, by commas, of the reverse proxy whose `FW_UI_PROXY_HEADER` is believed."""
    dagster_home: str | None = None
    """Dagster's own: the folder of its instance. Unset: the current folder if it has a `dagster.yaml`, else `.dagster`
    in the workspace."""

    @property
    def workspace_root(self) -> str:
        """The workspace, a local path made absolute.

        Raises:
            InputError: the path is no text, which Polars and Dagster need.
        """
        root = _resolved(self.fw_workspace)
        try:
            root.encode()
        except UnicodeEncodeError:
            message = f"the path of the workspace holds bytes that are no UTF-8 text (found {root!r})"
            problem = Problem(kind="setting", field="FW_WORKSPACE", message=message)
            raise InputError([problem], advice="Name another folder by --workspace or FW_WORKSPACE.") from None
        return root

    @property
    def platform_home(self) -> Path:
        """The folder of the embedded platform's state."""
        if self.fw_platform_home is not None:
            return self.fw_platform_home.resolve()
        root = self.workspace_root
        return Path(".fw-platform").resolve() if is_url(root) else Path(root) / ".platform"

    @property
    def api_key(self) -> str | None:
        """The key of an embedded platform on another machine, for a connection and nothing else."""
        return _secret(self.fireworks_api_key)

    @property
    def service_key(self) -> str | None:
        """The key of the service, for a connection and nothing else."""
        # A key of the environment under either name goes before one of a file, which may have come with the folder.
        if own := self._own_service_key:
            return own
        file = read_dotenv(Path(".env"))
        return file.get("FIREWORKS_API_KEY") or file.get("FIREWORKS_AGENT_API_KEY")

    @property
    def service_account(self) -> str | None:
        """The account at the service; a file's goes with the key of that file, and with no other."""
        if self.fireworks_account_id or self._own_service_key:
            return self.fireworks_account_id
        file = read_dotenv(Path(".env"))
        has_key = "FIREWORKS_API_KEY" in file or "FIREWORKS_AGENT_API_KEY" in file
        return file.get("FIREWORKS_ACCOUNT_ID") if has_key else None

    @property
    def _own_service_key(self) -> str | None:
        return _secret(self.fireworks_api_key) or _secret(self.fireworks_agent_api_key)


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


def settings() -> Settings:
    """The settings as the environment has them now.

    Raises:
        InputError: a variable has a value that it cannot have; it is named, with what was expected.
    """
    values = {name: os.environ[name.upper()] for name in Settings.model_fields if os.environ.get(name.upper())}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [
            Problem(
                kind="setting",
                field=str(item["loc"][0]).upper(),
                message=f"{item['msg'][:1].lower()}{item['msg'][1:]} (found {item['input']!r})",
            )
            for item in error.errors(include_url=False)
        ]
    raise InputError(problems, advice="Correct the environment variable, or unset it.")


def endpoint_key(variable: str) -> SecretStr | None:
    """The key of an endpoint that a session names, for a connection and nothing else; None where it is unset."""
    return SecretStr(key) if (key := os.environ.get(variable)) else None


def workspace_at(root: str | PathLike[str] | None) -> str:
    """A workspace's root, a local path made absolute; None: that of the environment."""
    configured = settings()
    return (configured if root is None else configured.model_copy(update={"fw_workspace": str(root)})).workspace_root


def is_usual_workspace(root: str | None) -> bool:
    """Whether this is the workspace of the environment, on which commands work and whose files the UI links to."""
    return root in (None, settings().workspace_root)


SHELL_WORKSPACE = "FW_SHELL_WORKSPACE"
"""From a command to the processes that it starts: the workspace that the shell it was started in names by itself."""


def is_shell_workspace(root: str) -> bool:
    """Whether a command works on this workspace without `--workspace`, in the shell in which messages are read.

    False where nobody knows that shell, as in a daemon.
    """
    return root == os.environ.get(SHELL_WORKSPACE)


@contextmanager
def in_workspace(root: str) -> Iterator[None]:
    """Make `root` the workspace of this process, and of those that it starts, while the block runs."""
    before = {name: os.environ.get(name) for name in ("FW_WORKSPACE", SHELL_WORKSPACE)}
    set_workspace(root)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def set_workspace(root: str) -> None:
    """Make `root` the workspace of this process and of those that it starts."""
    named = os.environ.get("FW_WORKSPACE") or str(Settings.model_fields["fw_workspace"].default)
    os.environ.setdefault(SHELL_WORKSPACE, _resolved(named))
    os.environ["FW_WORKSPACE"] = root


def _resolved(workspace: str) -> str:
    return workspace if is_url(workspace) else str(Path(workspace).resolve())
