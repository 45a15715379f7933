"""The client against hostile servers: it ends soon, in little memory, with an error of its own, and keeps its key."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import math
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.attacks.frame import Attacks, BrokenError, require
from benchmarks.attacks.servers import RawServer, always, http
from fw_assets.fireworks import Backoff, DeploymentSpec, FineTuningJob, Fireworks, FireworksError, RetryPolicy

KEY = "fw_known_key_of_the_attack_0123456789"
SECONDS, MEMORY_MB = 60.0, 300
ONCE = Backoff(first=0, growth=1, longest=0, budget=-1)
POLICY = RetryPolicy(transient=ONCE, throttled=ONCE, scaling=ONCE)
CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
SLOW_SECONDS = 420.0
"""The client gives up a response after 300 s."""

Call = Callable[[Fireworks], Awaitable[Any]]


async def chat(client: Fireworks) -> Any:
    return await client.chat(CHAT)


async def model(client: Fireworks) -> Any:
    return await client.model("m")


async def models(client: Fireworks) -> Any:
    return await client.models()


async def deployment(client: Fireworks) -> Any:
    return await client.ensure_deployment("d", DeploymentSpec(base_model="accounts/fireworks/models/m"))


async def download(client: Fireworks) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        files = await client.download_dataset_files("d", Path(folder) / "inside")
        require(all(file.parent == Path(folder) / "inside" for file in files), f"written elsewhere: {files}")
        return [file.name for file in files]


async def job_metrics(client: Fireworks) -> Any:
    job = FineTuningJob.model_validate({"name": "accounts/a/supervisedFineTuningJobs/j", "metricsFileSignedUrl": "/m"})
    return await client.fine_tuning_metrics(job)


def completion(**change: Any) -> bytes:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
    return http({"id": "x", "model": "m", "choices": [choice], "usage": usage, **change})


def choice(**change: Any) -> bytes:
    return completion(choices=[{"message": {"content": "a"}, "finish_reason": "stop", **change}])


def _forever(block: bytes, head: bytes) -> Callable[[socket.socket, bytes], None]:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(block)

    return answer


def _pages(size: int) -> Callable[[socket.socket, bytes], None]:
    numbers = itertools.count()
    items = [{"name": f"accounts/a/models/m{n}", "description": "x" * 2_000} for n in range(size)]

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(http({"models": items, "nextPageToken": str(next(numbers))}))

    return answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BLANKS = b"100000\r\n" + b" " * 0x100000 + b"\r\n"


def hostile() -> list[tuple[str, Callable[[socket.socket, bytes], None], Call]]:
    """What no server should answer, with the call that is answered so."""
    bomb = gzip.compress(b" " * (256 << 20))
    return [
        ("gzip bomb of 256 MB, a model", always(http(bomb, "200 OK", "Content-Encoding: gzip")), model),
        ("gzip bomb of 256 MB, a chat", always(http(bomb, "200 OK", "Content-Encoding: gzip")), chat),
        ("gzip in gzip", always(http(gzip.compress(bomb), "200 OK", "Content-Encoding: gzip, gzip")), chat),
        ("gzip cut off", always(http(gzip.compress(b'{"a":1}')[:-9], "200 OK", "Content-Encoding: gzip")), chat),
        ("says gzip and is not", always(http(b'{"choices": []}', "200 OK", "Content-Encoding: gzip")), chat),
        ("an encoding nobody asked for", always(http(b"xyz", "200 OK", "Content-Encoding: br")), chat),
        ("endless chunks, a list", _forever(BLANKS, CHUNKED), models),
        ("endless chunks, a chat", _forever(BLANKS, CHUNKED), chat),
        ("endless body without a length", _forever(b" " * 65536, b"HTTP/1.1 200 OK\r\n\r\n"), chat),
        ("length of 1 TB", always(http(b"{}", length=1 << 40)), chat),
        ("negative length", always(http(b"{}", length=-5)), chat),
        ("shorter than it says", always(http(b'{"choices"', length=500)), chat),
        ("longer than it says", always(http(b'{"choices": []}' + b"x" * 500, length=15)), chat),
        ("two lengths", always(http(b"{}", "200 OK", "Content-Length: 9000")), chat),
        ("length and chunks", always(http(b"{}", "200 OK", "Transfer-Encoding: chunked")), chat),
        ("chunk size that is no number", always(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), chat),
        ("chunk size of 2^64", always(CHUNKED + b"ffffffffffffffff\r\n" + b"a" * 1000), chat),
        ("endless headers", _forever(b"X-A: " + b"b" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"), chat),
        ("a header of 10 MB", always(b"HTTP/1.1 200 OK\r\nX: " + b"a" * (10 << 20) + b"\r\n\r\n{}"), chat),
        ("NUL in a header", always(http(b"{}", "200 OK", "X-A: a\0b")), chat),
        ("no HTTP at all", always(b"\x16\x03\x01\x02\x00" * 100), chat),
        ("HTTP/0.9", always(b"<html>hello</html>"), chat),
        ("status 000", always(b"HTTP/1.1 000 Zero\r\nContent-Length: 2\r\n\r\n{}"), chat),
        ("status 999", always(http(b"{}", "999 Beyond")), chat),
        ("closed at once", always(), chat),
        ("nesting of a million", always(http(b"[" * 1_000_000)), chat),
        ("nesting of a million objects", always(http(b'{"a":' * 1_000_000)), models),
        ("nesting in a completion", always(http(b'{"choices":[{"message":' + b"[" * 100_000)), chat),
        ("nesting in an error", always(http(b'{"error":' + b"[" * 100_000, "500 X")), chat),
        ("not UTF-8", always(http(b'{"choices": "\xff\xfe"}')), chat),
        ("UTF-16", always(http('{"choices": []}'.encode("utf-16"))), chat),
        ("a number of 100,000 digits", always(http(b'{"choices": ' + b"9" * 100_000 + b"}")), chat),
        ("a list for an object", always(http([1, 2])), model),
        ("null", always(http(None)), models),
        ("a string of 15 MB", always(http({"error": "x" * (15 << 20)}, "400 X")), chat),
        ("negative usage", always(completion(usage={"prompt_tokens": -5, "completion_tokens": -7})), chat),
        ("usage of 1e18", always(completion(usage={"prompt_tokens": 10**18})), chat),
        ("usage of 10^40", always(completion(usage={"prompt_tokens": 10**40})), chat),
        ("usage of Infinity", always(http(b'{"choices":[{}],"usage":{"prompt_tokens":Infinity}}')), chat),
        ("usage of NaN", always(http(b'{"choices":[{}],"usage":{"prompt_tokens":NaN}}')), chat),
        ("usage is text", always(completion(usage={"prompt_tokens": "many"})), chat),
        ("usage is a list", always(completion(usage=[1])), chat),
        ("no choices", always(completion(choices=None)), chat),
        ("choices of numbers", always(completion(choices=[1])), chat),
        ("message is text", always(choice(message="hi")), chat),
        ("content is an object", always(choice(message={"content": {"a": 1}})), chat),
        ("content is a list of nothing", always(choice(message={"content": [None, 1, {"text": 5}]})), chat),
        ("finish_reason is an object", always(choice(finish_reason={"a": 1})), chat),
        ("refusal is a list", always(choice(message={"content": None, "refusal": [1]})), chat),
        (
            "logprobs of NaN",
            always(http(b'{"choices":[{"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]}')),
            chat,
        ),
        ("logprobs above zero", always(choice(logprobs={"content": [{"token": "a", "logprob": 1e308}]})), chat),
        ("logprobs are text", always(choice(logprobs="high")), chat),
        ("a model without a name", always(http({"models": [{}, {"name": None}, 5]})), models),
        ("models is an object", always(http({"models": {"a": 1}})), models),
        ("fields of the wrong types", always(http({"name": 5, "state": [], "contextLength": "x" * 99})), model),
        ("a list that never ends, empty pages", _pages(0), models),
        ("a list that never ends, full pages", _pages(200), models),
        ("the same page again and again", always(http({"models": [], "nextPageToken": "a"})), models),
        ("a page token that is a list", always(http({"models": [], "nextPageToken": [1]})), models),
        ("Retry-After of 1e9", always(http(b"{}", "429 X", "Retry-After: 1000000000")), chat),
        ("Retry-After of -1 and text", always(http(b"{}", "429 X", "Retry-After: -1", "Retry-After-Ms: soon")), chat),
        ("a created deployment of another name", always(http({"name": "accounts/b/deployments/evil"})), deployment),
        ("a deployment that is a number", always(http({"name": 7, "state": 7})), deployment),
        ("files are a list", always(http({"filenameToSignedUrls": ["/etc/passwd"]})), download),
        ("a file outside", always(http({"filenameToSignedUrls": {"../../evil": "/f", "/etc/x": "/f"}})), download),
        ("a file without a URL", always(http({"filenameToSignedUrls": {"a": None}})), download),
        ("a file: URL", always(http({"filenameToSignedUrls": {"a": "file:///etc/passwd"}})), download),
        ("a URL that is none", always(http({"filenameToSignedUrls": {"a": "http://[::1"}})), download),
        ("metrics of NaN", always(http(b'{"epoch": NaN, "eval/loss": Infinity}\n[1]\n"x"\n')), job_metrics),
        ("metrics that are no text", always(http(bytes(range(256)) * 100)), job_metrics),
        ("metrics nested deeply", always(http(b"[" * 200_000 + b"\n")), job_metrics),
        ("metrics of 10^4000", always(http(b'{"epoch": 1' + b"0" * 4000 + b"}\n")), job_metrics),
    ]


def client(attacks: Attacks) -> None:
    """Every hostile answer, then what must not carry the key."""
    for name, answer, call in hostile():
        with attacks.attack(name):
            _survives(answer, call)
    for status in ("301 X", "302 X", "303 X", "307 X", "308 X"):
        for what, call in (("a chat", chat), ("a look", model)):
            with attacks.attack(f"{status[:3]} to another host, {what}"):
                _keeps_key(lambda other, status=status: http(b"", status, f"Location: {other}/stolen"), call)  # type: ignore[misc]
    with attacks.attack("a signed URL of another host"):
        _keeps_key(lambda other: http({"filenameToSignedUrls": {"a": f"{other}/file"}}), download)
    with attacks.attack("a signed URL that redirects to another host"):
        _keeps_key(lambda other: http(b"", "302 X", f"Location: {other}/file"), job_metrics)
    with attacks.attack("the key quoted in an error"):
        _hides_key(http({"error": {"message": f"the key {KEY} is unknown"}}, "401 X"))
    with attacks.attack("the key quoted in a name of the wrong type"):
        _hides_key(http({"name": [KEY], "state": KEY}))


def client_slow(attacks: Attacks) -> None:
    """Answers that trickle until the client's own limit: five minutes, all at once."""

    def dribble(connection: socket.socket, _: bytes) -> None:
        connection.sendall(CHUNKED)
        while True:
            connection.sendall(b"1\r\n \r\n")
            time.sleep(1)

    def headers(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n")
            time.sleep(1)

    def file(connection: socket.socket, head: bytes) -> None:
        if b"getDownloadEndpoint" in head:
            connection.sendall(http({"filenameToSignedUrls": {"a": "/file"}}))
        else:
            dribble(connection, head)

    tries = [
        ("a byte per second", dribble, chat),
        ("a header per second", headers, chat),
        ("a file, a byte per second", file, download),
        ("endless 100 Continue", _forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 200, b""), chat),
    ]
    ends: dict[str, Exception | None] = {}

    def attempt(name: str, answer: Callable[[socket.socket, bytes], None], call: Call) -> None:
        try:
            _survives(answer, call, SLOW_SECONDS)
            ends[name] = None
        except Exception as error:  # noqa: BLE001  told below
            ends[name] = error

    threads = [threading.Thread(target=attempt, args=each) for each in tries]
    for thread in threads:
        thread.start()
    for (name, _, _), thread in zip(tries, threads, strict=True):
        with attacks.attack(name):
            thread.join()
            error = ends[name]
            if error:
                raise error


def _ask(url: str, call: Call, seconds: float = SECONDS) -> Any:
    async def inside() -> Any:
        async with Fireworks(base_url=url, api_key=KEY, account_id="a", retry_policy=POLICY) as connected:
            return await asyncio.wait_for(call(connected), seconds)

    return asyncio.run(inside())


def _survives(answer: Callable[[socket.socket, bytes], None], call: Call, seconds: float = SECONDS) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with RawServer(answer).started() as server:
        try:
            value = _ask(server.url, call, seconds)
        except FireworksError as error:
            text = str(error)
            require(len(text) < 3_000, f"an error of {len(text):,} characters")
            require(KEY not in text, "the error shows the key")
        except TimeoutError:
            raise BrokenError(f"no end within {seconds:.0f} s") from None
        else:
            _require_sound(value)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    require(more < MEMORY_MB, f"took {more} MB")


def _require_sound(value: Any) -> None:
    """What is returned for nonsense must have no figure that no platform can mean."""
    for name in ("prompt_tokens", "completion_tokens", "cached_tokens"):
        number = getattr(value, name, 0)
        require(0 <= number < 2**53, f"{name} is {number}")
    confidence = getattr(value, "confidence", None)
    require(confidence is None or 0 <= confidence <= 1, f"the confidence is {confidence}")
    for record in value if isinstance(value, list) else ():
        if isinstance(record, dict):
            wrong = [key for key, number in record.items() if not math.isfinite(number)]
            require(not wrong, f"{', '.join(wrong)} of a metrics file is not a finite number")


def _keeps_key(answer: Callable[[str], bytes], call: Call) -> None:
    with RawServer(always(http(b"{}"))).started() as other, RawServer(lambda *_: None).started() as server:
        server.answer = always(answer(other.url))
        with contextlib.suppress(FireworksError):
            _ask(server.url, call)
        require(server.heads, "nothing was asked")
        require(not any(KEY.encode() in head for head in other.heads), "the key went to another host")


def _hides_key(answer: bytes) -> None:
    with RawServer(always(answer)).started() as server:
        for call in (chat, model):
            try:
                _ask(server.url, call)
            except FireworksError as error:
                require(KEY not in f"{error} {error!r}", f"the error shows the key: {str(error)[:80]}")
