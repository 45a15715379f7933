"""The way to an inference server that redirects, is slow, breaks off, is busy or says too much."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference_server.connection import Call, Connection
from fw_assets.embedded.inference_server.server_settings import ServerSettings

Answer = Callable[[socket.socket], None]


@contextmanager
def listening(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers its connections in turn, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                peer, _ = listener.accept()
                with peer:
                    heard.append(peer.recv(65536))
                    answer(peer)

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard


def say(text: str) -> Answer:
    return lambda peer: peer.sendall(text.encode())


def response(status: str, body: str = "{}", headers: str = "") -> Answer:
    return say(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n{body}")


def refusal(*answers: Answer, patience: float = 0.0, seconds: float = 5.0, max_bytes: int = 10_000) -> RpcError:
    with listening(*answers) as (url, _), pytest.raises(RpcError) as caught:
        Connection(ServerSettings(url, "the-key"), patience, seconds, max_bytes).send(Call("/v1/chat", {}))
    assert "the-key" not in str(caught.value)
    return caught.value


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else() -> None:
    with listening(response("200 OK")) as (elsewhere, heard_there):
        moved = response("307 Temporary Redirect", headers=f"Location: {elsewhere}/v1/chat\r\n")
        with listening(moved) as (url, heard):
            reply = Connection(ServerSettings(url, "the-key")).send(Call("/v1/chat", {}))
    assert reply.status == 307
    assert b"Bearer the-key" in heard[0]
    assert heard_there == []


def test_a_server_that_does_not_answer_in_time_is_said_so() -> None:
    error = refusal(lambda peer: time.sleep(1.5), seconds=0.3)
    assert (error.status, error.code) == (504, "UNAVAILABLE")
    assert "has not answered /v1/chat within 0.3 s" in error.message


def test_a_server_that_breaks_off_is_said_so() -> None:
    assert "broke off" in refusal(say("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")).message
    assert "broke off" in refusal(say("no HTTP")).message


def test_an_answer_without_end_is_cut_off() -> None:
    error = refusal(response("200 OK", "x" * 5000), max_bytes=1000)
    assert "sends more than 1,000 bytes for one request" in error.message


def test_what_may_pass_is_tried_again_for_as_long_as_the_patience_lasts() -> None:
    busy = response("503 Service Unavailable", headers="Retry-After: 0.05\r\n")
    with listening(busy, say(""), response("200 OK", '{"a": 1}')) as (url, heard):
        reply = Connection(ServerSettings(url), patience=20.0).send(Call("/v1/chat", {}))
    assert reply.content == {"a": 1}
    assert len(heard) == 3
    assert refusal(busy, patience=0.01).headers == {"Retry-After": "0.05"}


def test_the_key_is_cut_out_of_what_a_server_says() -> None:
    with listening(response("401 Unauthorized", '{"error": "no the-key"}')) as (url, _):
        reply = Connection(ServerSettings(url, "the-key")).send(Call("/v1/chat", {}))
    assert reply.message == "no ***"
    assert "the-key" not in repr(ServerSettings(url, "the-key"))
