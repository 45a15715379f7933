"""Content of packed files: streams up to a limit, whatever paths an archive names; encodings, also guessed ones."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.formats import content as module
from fw_assets.classification.formats.content import open_content
from fw_assets.classification.formats.encodings import find_encoding, guess_encoding, is_utf8


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def whole(path: Path) -> bytes:
    return b"".join(open_content(path).blocks())


def test_a_member_with_a_path_that_leads_out_is_read_where_it_is(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", **{"../../etc/rows.csv": b"text,label\n"})
    assert whole(path) == b"text,label\n"
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["a.zip"]


@pytest.mark.parametrize("kind", ["zip", "gzip"])
def test_what_grows_beyond_the_limit_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 8 << 20)
    path, data = tmp_path / "a.csv.gz", b"a,b\n" * (4 << 20)
    if kind == "zip":
        archive(path, **{"rows.csv": data})
    else:
        path.write_bytes(gzip.compress(data))
    with pytest.raises(InputError, match="when it is unpacked"):
        whole(path)


def test_an_archive_of_several_tables_names_them(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", **{"x/b.csv": b"", "a.csv": b"", "__MACOSX/._a.csv": b""})
    with pytest.raises(InputError, match=r"2 data files \(a.csv, x/b.csv\), expected one; unpack it"):
        open_content(path)


def test_a_damaged_member_is_one_sentence(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("rows.csv", b"text,label\n" * 1000)
    data = bytearray(sink.getvalue())
    data[60:80] = b"\xff" * 20
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"rows\.csv cannot be read"):
        whole(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    text=st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cs"]), max_size=90),
    encoding=st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le"]),
)
def test_wide_encodings_are_told_with_and_without_a_mark(text: str, encoding: str, tmp_path: Path) -> None:
    text = "the header, of a table\n" * 8 + text
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    content = open_content(path)
    found = find_encoding(content.head)
    assert content.head.decode(found or "utf-8-sig").lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Gebühr für die Überweisung ist höher, weiß ich", "cp1252"),
        ("Le problème est très grave, où êtes-vous, ça dépend", "cp1252"),
        ("¿Dónde está mi envío? Mañana será otro día", "cp1252"),
        ("Var är min beställning, jag är väldigt förbannad", "cp1252"),
        ("Zażółć gęślą jaźń, proszę o zwrot pieniędzy", "cp1250"),
        ("Привет, где мой заказ", "cp1251"),
        ("Καλημέρα, πού είναι η παραγγελία", "cp1253"),
        ("注文はどこですか", "cp932"),
    ],
)
def test_encodings_of_old_tables_are_guessed_and_shown_by_a_word(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("plain,words\n" + f"{text},label\n" * 5).encode(encoding))
    content = open_content(path)
    assert not is_utf8(content.blocks())
    found, word = guess_encoding(path, content.blocks())
    assert text.encode(encoding).decode(found) == text
    assert word in text
