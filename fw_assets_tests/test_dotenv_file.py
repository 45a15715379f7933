"""Lines of a `.env` file are read as a shell and python-dotenv read them, or refused by name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.dotenv_file import DOTENV_NAMES, read_dotenv

KEY, AGENT, ACCOUNT = DOTENV_NAMES


def read(folder: Path, content: str | bytes) -> dict[str, str]:
    path = folder / ".env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dotenv(path)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (f"{KEY}=fw_abc#x", {KEY: "fw_abc#x"}),
        (f"{KEY}=#x", {KEY: "#x"}),
        (f"{KEY}=fw_abc #x", {KEY: "fw_abc"}),
        (f"{KEY}=fw_abc\t# x", {KEY: "fw_abc"}),
        (f"{KEY}='fw #abc' # x", {KEY: "fw #abc"}),
        (f'{KEY}="fw#abc"', {KEY: "fw#abc"}),
        (f'{KEY}="fw\\"a"', {KEY: 'fw"a'}),
        (f"{KEY}='fw$a'", {KEY: "fw$a"}),
        (f"{KEY} = fw_abc  # x", {KEY: "fw_abc"}),
        (f"{KEY}= fw_abc", {KEY: "fw_abc"}),
        (f"export {KEY}=fw_1 {ACCOUNT}=acme", {KEY: "fw_1", ACCOUNT: "acme"}),
        (f"{KEY}=fw_1 {ACCOUNT}='acme' # both", {KEY: "fw_1", ACCOUNT: "acme"}),
        (f"export OTHER=$x {KEY}=fw_1", {KEY: "fw_1"}),
        (f"export {KEY}= {ACCOUNT}=acme", {ACCOUNT: "acme"}),
        (f"{KEY}=fw_1\nexport {KEY}", {KEY: "fw_1"}),
        (f"{KEY}=fw_1\n{KEY}=fw_2", {KEY: "fw_2"}),
        (f"{KEY}=fw_1\r\n{ACCOUNT}=acme\r\n", {KEY: "fw_1", ACCOUNT: "acme"}),
        (f"{KEY}=fw_1\r{ACCOUNT}=acme\r", {KEY: "fw_1", ACCOUNT: "acme"}),
        (f"{KEY}=", {}),
        (f"{KEY}= # none yet", {}),
        (f"# {KEY}=fw_1", {}),
        (f"MY_{KEY}=fw_1", {}),
        (f"TEXT=the {KEY} of ours\nA = b c d\nnothing at all", {}),
    ],
)
def test_a_line_is_read_as_a_shell_or_python_dotenv_would(tmp_path: Path, line: str, values: dict[str, str]) -> None:
    assert read(tmp_path, line) == values
    assert read(tmp_path, line.encode("utf-8-sig")) == values
    assert read(tmp_path, line.encode("utf-16")) == values


@pytest.mark.parametrize(
    "line",
    [
        "{}=$(cat secret)",
        "{}=$SECRET",
        '{}="${{SECRET}}"',
        "{}=`secret`",
        "{}=secret words",
        '{}="secret',
        "{}=sec'ret",
        '{}="secret"#x',
        "{}=secret;",
        "{}=sec\\ret",
        "{}: secret",
        "set {}=secret",
        "$env:{}='secret'",
        "export {} secret",
        "export OTHER=$(x y) {}=secret",
    ],
)
@pytest.mark.parametrize("name", [KEY, ACCOUNT])
def test_a_line_that_is_read_in_two_ways_is_refused_by_file_line_and_name(tmp_path: Path, name: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"# a comment\n\n{line.format(name)}\n")
    assert f".env:3: {name}: " in str(caught.value)
    assert "secret" not in str(caught.value).lower().replace(str(tmp_path).lower(), ""), "no value is shown"


def test_what_is_no_file_or_says_nothing_is_empty(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / "none") == {}
    assert read_dotenv(tmp_path) == {}
    for content in (b"", b"\xff\xfe\x00", b"x" * 100, b"FW_PLATFORM=fireworks\nFIREWORKS_BASE_URL=http://evil\n"):
        assert read(tmp_path, content) == {}
    with pytest.raises(InputError, match="no text"):
        read(tmp_path, f"{KEY}=fw_".encode() + b"\xff\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text("ab1_-#='\"$\\ `;", max_size=8), export=st.booleans())
def test_what_is_read_is_what_a_shell_reads(tmp_path: Path, value: str, export: bool) -> None:
    line = f"{'export ' * export}{KEY}={value}"
    try:
        values = read(tmp_path, line)
    except InputError:
        return
    if value.startswith(" ") and value.strip() and not value.lstrip().startswith("#"):
        return  # python-dotenv's: a shell would run what is behind the blank
    script = f'. "$1" 2>/dev/null; printf %s "${KEY}"'
    shell = subprocess.run(
        ["sh", "-c", script, "sh", str(tmp_path / ".env")], capture_output=True, text=True, env={}, check=False
    )
    assert shell.stdout == values.get(KEY, "")
