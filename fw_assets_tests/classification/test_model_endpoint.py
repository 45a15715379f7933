"""Endpoints of a session: what they are written as, and what no session may name."""

from __future__ import annotations

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import make_session

URL = "https://api.example.com/openai/v1"


@pytest.mark.parametrize(
    "written",
    [
        {"mine": {"url": URL, "model": "m:8b"}},
        [{"name": "mine", "url": f"{URL}/", "model": "m:8b"}],
        [f"mine={URL}/chat/completions#m:8b"],
        f"mine={URL}#m:8b",
    ],
)
def test_a_mapping_a_list_and_a_text_say_the_same(written: object) -> None:
    session = make_session({"endpoints": written})
    endpoint = (session.endpoints or {})["mine"]
    assert (endpoint.url, endpoint.model, endpoint.key_variable) == (URL, "m:8b", "FW_ENDPOINT_KEY_MINE")
    assert endpoint.chat_url == f"{URL}/chat/completions"
    assert session.candidates == ("endpoints/mine",)
    assert make_session(session.model_dump(mode="json")) == session


def test_a_host_alone_has_the_usual_path() -> None:
    (endpoint,) = (make_session({"endpoints": "a=http://localhost:8000#m"}).endpoints or {}).values()
    assert endpoint.url == "http://localhost:8000/v1"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/v1",
        "file:///etc/passwd",
        "host/v1",
        "https:///v1",
        "https://user:sk-secret-1@host/v1",
        "https://host/v1?key=sk-secret-1",
        "https://host:port/v1",
        "https://host/v1\r\nX: y",
    ],
)
def test_other_urls_are_refused_and_their_credentials_not_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        make_session({"endpoints": {"mine": {"url": url, "model": "m"}}})
    assert "endpoints.mine.url" in str(caught.value)
    assert "sk-secret-1" not in str(caught.value)


@pytest.mark.parametrize(
    "variable", ["FIREWORKS_API_KEY", "AWS_SECRET_ACCESS_KEY", "FW_UI_PASSWORD", "HOME", "sk-secret-1", "a b"]
)
def test_no_other_secret_can_be_named_as_the_key(variable: str) -> None:
    with pytest.raises(InputError, match="names the variable of the key"):
        make_session({"endpoints": {"mine": {"url": URL, "model": "m", "key_variable": variable}}})


@pytest.mark.parametrize("name", ["Mine", "a/b", "", "-a", "a_b"])
def test_a_name_that_no_result_can_be_kept_under_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be a name"):
        make_session({"endpoints": {name: {"url": URL, "model": "m"}}})


def test_a_field_that_endpoints_lack_is_named_with_those_that_they_have() -> None:
    with pytest.raises(InputError, match="is not a field of endpoints; the fields are url, model"):
        make_session({"endpoints": {"mine": {"url": URL, "model": "m", "secret": "sk"}}})
    with pytest.raises(
        InputError, match=r"endpoints\.mine\.key: is not a field of endpoints; did you mean key_variable"
    ):
        make_session({"endpoints": {"mine": {"url": URL, "model": "m", "key": "sk"}}})


def test_a_session_without_endpoints_keeps_its_digest() -> None:
    assert "endpoints" not in Session().digested()
