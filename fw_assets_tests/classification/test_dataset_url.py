"""References are shown without credentials, whatever their form, and told apart all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.dataset_reference import dataset_name
from fw_assets.classification.dataset_url import (
    hidden_in,
    identity,
    is_database,
    without_credentials,
    without_url_credentials,
)

SIGNED = "X-Amz-Credential=AKIASECRET%2F2026&X-Amz-Signature=SECRETSIG&response-content-type=text"


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("tickets.jsonl", "tickets.jsonl"),
        ("/data/a?b=c@d#e.jsonl", "/data/a?b=c@d#e.jsonl"),
        ("accounts/a/datasets/b", "accounts/a/datasets/b"),
        (f"https://bucket.s3.amazonaws.com/t.jsonl?{SIGNED}", "https://bucket.s3.amazonaws.com/t.jsonl"),
        ("http://user:SECRET@host:80/t.jsonl", "http://host:80/t.jsonl"),
        ("https://SECRET@host/t.jsonl", "https://host/t.jsonl"),
        ("http://user:p@SECRET@host/t.jsonl", "http://host/t.jsonl"),
        ("HTTPS://user:SECRET@host/t.jsonl?SECRET", "HTTPS://host/t.jsonl"),
        ("az://container/t.jsonl?sv=2024&sig=SECRET", "az://container/t.jsonl"),
        ("https://host/t.jsonl#access_token=SECRET", "https://host/t.jsonl"),
        ("s3://AKIA:SECRET@bucket/t.jsonl", "s3://bucket/t.jsonl"),
        ("postgresql+psycopg://ann:SECRET@host:5432/db?query=SELECT a@b", "postgresql+psycopg://host:5432/db"),
        ("postgres://ann:a/b?SECRET=c@SECRET@host/db?query=SELECT a", "postgres://host/db"),
        ("mysql://host/db?user=ann&password=SECRET&query=SELECT a", "mysql://host/db"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3DSECRET", "mssql+pyodbc:///"),
        ("sftp://user:SECRET@host/t.jsonl", "sftp://host/t.jsonl"),
        (
            "abfs://container@account.dfs.core.windows.net/t.jsonl",
            "abfs://container@account.dfs.core.windows.net/t.jsonl",
        ),
        ("github://org:repo@main/t.jsonl", "github://org:repo@main/t.jsonl"),
        ("s3://bucket/t-?.jsonl", "s3://bucket/t-?.jsonl"),
        ("zip://t.jsonl::https://u:SECRET@host/a.zip?token=SECRET", "zip://t.jsonl::https://host/a.zip"),
    ],
)
def test_what_is_shown(reference: str, shown: str) -> None:
    assert without_credentials(reference) == without_credentials(shown) == shown
    assert "secret" not in f"{identity(reference)} {dataset_name(reference)}".lower()
    told = hidden_in(f"GET {reference}: 403, url='{reference}' SECRETSIG? no: 'SECRET'", reference)
    if "SECRET" in reference:
        assert f"GET {shown}" in told


def test_sources_are_told_apart_by_what_is_no_credential() -> None:
    first = identity(f"https://host/get?id=1&{SIGNED}")
    assert first == identity("https://u:p@host/get?id=1&response-content-type=text&sig=other")
    assert first != identity(f"https://host/get?id=2&{SIGNED}")
    assert identity("https://host/t.jsonl?token=a") == "https://host/t.jsonl"


def test_urls_in_a_sentence() -> None:
    text = "train on https://u:SECRET@host/t.jsonl?sig=SECRET and s3://b/c.jsonl with char-ngram"
    assert without_url_credentials(text) == "train on https://host/t.jsonl and s3://b/c.jsonl with char-ngram"


def test_an_error_that_quotes_pieces() -> None:
    reference = "https://ann:pa%2Fss@host/t.jsonl?sig=ab%2Bcd%3D"
    told = hidden_in("denied: ab+cd= for ann with pa/ss (pa%2Fss), ab%2Bcd%3D", reference)
    assert told == "denied: [hidden] for ann with [hidden] ([hidden]), [hidden]"


@given(st.text(), st.text())
def test_any_text(text: str, reference: str) -> None:
    hidden_in(text, reference)
    identity(reference)
    assert without_credentials(without_credentials(reference)) == without_credentials(reference)


def test_a_signed_address_is_the_same_tomorrow_and_another_row_set_is_not() -> None:
    signed = "https://host/rows?id=1&X-Amz-Signature={0}&X-Amz-Date={0}"
    assert identity(signed.format(1)) == identity(signed.format(2)) == "https://host/rows?id=1"
    assert identity("https://host/rows?id=2&sort=up") == "https://host/rows?id=2&sort=up"
    assert identity("https://h/a?sv=1&se=2&sp=r&sig=x") == "https://h/a"
    assert identity("rows?sig=1.jsonl") == "rows?sig=1.jsonl"


def test_databases_are_known_by_their_dialects() -> None:
    assert is_database("SQLite:///a.db?query=SELECT 1")
    assert is_database("postgresql+psycopg://host/db")
    assert not is_database("s3://bucket/a.csv")
    assert not is_database("sqlite.csv")


def test_two_queries_to_a_database_are_two_sources() -> None:
    first, second = (f"postgresql://ann:a@SECRET@host/db?query=SELECT {name}" for name in "ab")
    assert identity(first) != identity(second)
    assert "SECRET" not in identity(first)
    assert "SECRET" not in hidden_in("cannot reach a@SECRET@host as ann", first)
