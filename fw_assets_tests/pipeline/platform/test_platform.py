"""Which platform the settings name, with which key, and that nothing else connects to one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fw_assets
from fw_assets.classification.errors import InputError
from fw_assets.code_location import CODE_LOCATION
from fw_assets.embedded import api_key, counts
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform, platform_from_environment, rehearse_prices
from fw_assets.pipeline.runner.fork_server import start_process
from fw_assets_tests.project import Project


def test_a_key_alone_does_not_choose_the_service(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_secret")
    monkeypatch.setenv("FIREWORKS_BASE_URL", "http://elsewhere")
    monkeypatch.setenv("FIREWORKS_ACCOUNT_ID", "acme")
    platform = platform_from_environment()
    assert platform == Platform("embedded", here.workspace / ".platform")
    assert platform.public_url == "http://127.0.0.1:8432"
    monkeypatch.setenv("FW_PLATFORM", "fireworks")
    service = platform_from_environment()
    assert (service.base_url, service.account_id, service.public_url) == (
        "http://elsewhere",
        "acme",
        "http://elsewhere",
    )
    assert "fw_secret" not in repr(service)


@pytest.mark.parametrize("name", ["FIREWORKS_API_KEY", "FIREWORKS_AGENT_API_KEY"])
def test_the_service_takes_the_key_and_the_account_of_the_folder(
    here: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (here.folder / ".env").write_text(f"export {name}=fw_secret\nFIREWORKS_ACCOUNT_ID=acme\n")
    assert platform_from_environment().is_embedded
    monkeypatch.setenv("FW_PLATFORM", "fireworks")
    service = platform_from_environment()
    assert service.connect().account_id == service.account_id == "acme"
    assert "fw_secret" not in repr(service)
    (here.folder / ".env").unlink()
    with pytest.raises(InputError, match=r"\.env"):
        platform_from_environment().connect()


def test_the_service_needs_a_key(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_PLATFORM", "fireworks")
    with pytest.raises(InputError, match="FW_PLATFORM=fireworks needs a key in FIREWORKS_API_KEY"):
        platform_from_environment().connect()


def test_a_served_embedded_platform_needs_its_key(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_EMBEDDED_URL", "http://127.0.0.1:9")
    platform = platform_from_environment()
    with pytest.raises(InputError, match=r"the embedded platform at http://127\.0\.0\.1:9 is not of this machine"):
        platform.connect()
    api_key(platform.home)
    platform.connect()


def test_prices_are_rehearsed_on_the_embedded_platform_only(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="--rehearse-prices"):
        rehearse_prices(here.data)
    monkeypatch.setenv("FW_PLATFORM", "fireworks")
    with pytest.raises(InputError, match="on the embedded platform only"):
        rehearse_prices(here.data)


def test_only_the_platform_room_makes_clients_and_knows_the_embedded_platform() -> None:
    root = Path(fw_assets.__file__).parent
    others = [path for room in ("pipeline", "commands") for path in (root / room).rglob("*.py")]
    wrong = re.compile(r"\bFireworks\(|fw_assets\.embedded")
    knowing = {path.relative_to(root).as_posix() for path in others if wrong.search(path.read_text("utf-8"))}
    # `fw-assets serve` is the platform's own server, and `setup` and `models add` give it base models: no clients.
    assert knowing == {"pipeline/platform/platform.py", "commands/serve.py", "commands/language_models.py"}


GRAMMAR = {"type": "grammar", "grammar": 'root ::= "a" | "b"'}


def ask_three_times(home: str) -> None:
    """What a step does with the embedded platform, in a process that ends at once."""

    async def ask(client: Fireworks) -> None:
        for text in ("one", "two", "three"):
            turns = [{"role": "user", "content": text}]
            body = {"model": "accounts/fireworks/models/char-ngram", "messages": turns, "response_format": GRAMMAR}
            await client.chat(body)

    Platform("embedded", Path(home)).call(ask)


def test_every_answer_of_a_forked_process_is_counted(tmp_path: Path) -> None:
    process = start_process(CODE_LOCATION, "asks", ask_three_times, str(tmp_path))
    process.join()
    assert (process.exitcode, counts(tmp_path)["inference_requests"]) == (0, 3)
