"""The environment is read in one place, and what is wrong with it is said in words."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fw_assets
from fw_assets.classification.errors import InputError
from fw_assets.embedded.settings import EmbeddedSettings
from fw_assets.settings import Settings, set_workspace, settings

ROOT = Path(fw_assets.__file__).parent
PASS_IT_ON = {
    "classification/dataset/parallel_worker.py",
    "embedded/jobs/worker_processes.py",
    "pipeline/runner/process_pool.py",
    "webserver/services.py",
}
"""Modules that start processes, and give them the whole environment without reading it."""


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def reads(path: Path) -> list[str]:
    """Where a source file reads a variable of the environment."""
    places = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        single = isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ"
        getter = isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ.get", "os.getenv")
        whole = isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ"
        renamed = isinstance(node, ast.ImportFrom) and node.module == "os"
        allowed = path.relative_to(ROOT).as_posix() in PASS_IT_ON
        if single or getter or renamed or (whole and not allowed):
            places.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    return places


def test_no_other_module_reads_the_environment() -> None:
    homes = {ROOT / "settings.py", ROOT / "embedded" / "settings.py"}
    assert all(reads(path) for path in homes)
    assert [line for path in ROOT.rglob("*.py") if path not in homes for line in reads(path)] == []


def test_every_variable_says_what_it_means() -> None:
    fields = Settings.model_fields | EmbeddedSettings.model_fields
    assert [name for name, field in fields.items() if not field.description] == []


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FW_PLATFORM", "openai", r"FW_PLATFORM: input should be 'embedded' or 'fireworks' \(found 'openai'\)"),
        ("FW_REGRESSION_MAX_USD", "-1", "FW_REGRESSION_MAX_USD: input should be greater than or equal to 0"),
        ("FW_REGRESSION_MAX_USD", "nan", "FW_REGRESSION_MAX_USD: input should be a finite number"),
        ("FW_PORT", "http", "FW_PORT: input should be a valid integer"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        settings()


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_secret")
    configured = settings()
    assert configured.api_key == "fw_secret"
    assert "fw_secret" not in f"{configured} {configured!r} {configured.model_dump()} {configured.model_dump_json()}"
    monkeypatch.setenv("FW_PORT", "http")
    with pytest.raises(InputError) as raised:
        settings()
    assert "fw_secret" not in str(raised.value)


def test_the_platform_lives_in_the_workspace_or_beside_a_remote_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings().workspace_root == str(tmp_path / "workspace")
    assert settings().platform_home == tmp_path / "workspace" / ".platform"
    monkeypatch.setenv("FW_WORKSPACE", "")  # so that it is put back after the test
    set_workspace("s3://bucket/folder")
    assert settings().workspace_root == "s3://bucket/folder"
    assert settings().platform_home == tmp_path / ".fw-platform"
    monkeypatch.setenv("FW_PLATFORM_HOME", "elsewhere")
    assert settings().platform_home == tmp_path / "elsewhere"


KEYS = ("FIREWORKS_API_KEY", "FIREWORKS_AGENT_API_KEY")


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize(
    "line",
    ["{}=fw_1", "export {}=fw_1", ' {} = "fw_1" ', "{}='fw_1'  # the key", "# {}=fw_2\n{}=fw_1\r", "OTHER=x\n{}=fw_1"],
)
def test_the_key_is_read_from_the_file_that_users_of_the_vendors_agent_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str
) -> None:
    (tmp_path / ".env").write_text(line.format(name, name) + "\n")
    monkeypatch.chdir(tmp_path)
    assert settings().service_key == "fw_1"
    assert settings().api_key is None, "it is nothing for an embedded platform"
    assert "fw_1" not in repr(settings())


def test_the_environment_wins_and_the_plain_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FIREWORKS_API_KEY=file\nFIREWORKS_AGENT_API_KEY=agent\nFIREWORKS_ACCOUNT_ID=acme\n")
    assert settings().service_key == "file"
    assert settings().service_account == "acme"
    monkeypatch.setenv("FIREWORKS_API_KEY", "environment")
    assert settings().service_key == "environment"
    monkeypatch.delenv("FIREWORKS_API_KEY")
    (tmp_path / ".env").write_text("FIREWORKS_AGENT_API_KEY=agent\n")
    assert settings().service_key == "agent"
    monkeypatch.setenv("FIREWORKS_AGENT_API_KEY", "own")
    assert settings().service_key == "own"
    (tmp_path / ".env").write_text("FIREWORKS_API_KEY=of-the-folder\nFIREWORKS_ACCOUNT_ID=acme\n")
    assert settings().service_key == "own", "under either name"
    assert settings().service_account is None, "the account of a file goes with the key of that file"
    monkeypatch.setenv("FIREWORKS_ACCOUNT_ID", "mine")
    assert settings().service_account == "mine"


def test_the_account_of_a_file_without_a_key_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FIREWORKS_ACCOUNT_ID=acme\n")
    assert settings().service_account is None
    monkeypatch.setenv("FIREWORKS_API_KEY", "own")
    assert settings().service_account is None
    (tmp_path / ".env").write_text("FIREWORKS_AGENT_API_KEY=agent\nFIREWORKS_ACCOUNT_ID=acme\n")
    assert settings().service_account is None
    monkeypatch.delenv("FIREWORKS_API_KEY")
    assert settings().service_account == "acme"


def test_a_file_says_no_more_than_key_and_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder from elsewhere must not say where a key is sent to, nor what a run costs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FW_PLATFORM=fireworks\nFIREWORKS_BASE_URL=http://evil\nFW_PRICES=/x\n")
    assert settings() == Settings()
    assert settings().service_account is None
