"""The embedded platform over HTTP: keys, paths, hosts, smuggling, half-open connections, bodies, grammars.

After each attack the server answers as before, has written no traceback, has shown no file and no key, and has answered
nothing with 500.
"""

from __future__ import annotations

import gzip
import json
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.attacks.frame import Attacks, BrokenError, require
from benchmarks.attacks.trial import Trial, limits, wait_until
from fw_assets_tests.browser.conftest import free_ports

SECONDS, HEALTH_SECONDS = 60.0, 10.0
MEMORY_MB = 1_500
ADDRESS_SPACE = 12 << 30
HALF_OPEN = 600
PASSWD = b"root:"
CHAT = {"model": "accounts/fireworks/models/char-ngram", "messages": [{"role": "user", "content": "about billing"}]}
DATASETS = "/v1/accounts/local/datasets"
CHAT_PATH = "/v1/chat/completions"


@dataclass
class Target:
    """A running server with its key, its log, and the folder that it serves."""

    port: int
    key: str
    log: Path
    process: subprocess.Popen[bytes]
    trial: Trial

    def exchange(self, data: bytes, seconds: float = SECONDS) -> bytes:
        """Send bytes; everything that comes back until the server closes, or is silent for a while."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            end = time.monotonic() + seconds
            with suppress(ConnectionResetError, TimeoutError):
                while block := connection.recv(1 << 16):
                    received += block
                    connection.settimeout(2 if b"\r\n\r\n" in received else max(0.1, end - time.monotonic()))
        return received

    def send(self, method: str, path: str, body: Any = None, *headers: str, key: bool = True) -> bytes:
        return self.exchange(self.request(method, path, body, *headers, key=key))

    def request(self, method: str, path: str, body: Any = None, *headers: str, key: bool = True) -> bytes:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}", "Connection: close"]
        if key:
            lines.append(f"Authorization: Bearer {self.key}")
        return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + content

    def require_well(self) -> None:
        """It answers, and has neither failed nor grown."""
        require(self.process.poll() is None, f"the server has ended with {self.process.poll()}")
        started = time.monotonic()
        require(b" 200 OK" in self.send("GET", "/healthz", key=False), "no answer to /healthz")
        seconds = time.monotonic() - started
        require(seconds < HEALTH_SECONDS, f"/healthz took {seconds:.0f} s")
        text = self.log.read_text("utf-8", "replace")
        if "Traceback" in text:
            self.log.write_text("", "utf-8")
            raise BrokenError(f"traceback in the server's log: {text.strip().splitlines()[-1]}")
        megabytes = self.megabytes()
        require(megabytes < MEMORY_MB, f"the server has {megabytes} MB")

    def megabytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) >> 10


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A server in a process of its own, under a limit of address space."""
    trial = Trial(folder)
    (port,) = free_ports(1)
    log = folder / "server.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "fw_assets", "serve", "--port", str(port)],
            cwd=folder,
            env=trial.environment,
            stdout=sink,
            stderr=sink,
            preexec_fn=limits((resource.RLIMIT_AS, ADDRESS_SPACE)),
        )
    try:
        key_file = trial.workspace / ".platform" / "api_key"
        if not wait_until(lambda: _listens(port) and key_file.exists(), 120):
            raise RuntimeError(f"the server does not start: {log.read_text('utf-8')[-300:]}")
        yield Target(port, key_file.read_text("utf-8"), log, process, trial)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def embedded_http(attacks: Attacks) -> None:
    """All of them, one after the other, against one server."""
    with target(attacks.new_folder("server")) as server:
        _files(server)
        server.send("POST", CHAT_PATH, CHAT)  # loads the model, which the memory limit counts
        for name, data in _without_key(server):
            with attacks.attack(name):
                _refused(server, data, (400, 401, 403, 404, 405))
        for name, path in _paths():
            with attacks.attack(f"path {name}"):
                _refused(server, server.request("GET", path, key=False), (307, 400, 401, 403, 404, 405))
        for name, data in _framing(server):
            with attacks.attack(f"framing: {name}"):
                _refused(server, data, ())
        for name, data in _bodies(server):
            with attacks.attack(f"request: {name}"):
                _answered(server, data)
        _half_open(attacks, server)
        attacks.note(f"server at the end: {server.megabytes()} MB")


def _files(server: Target) -> None:
    """A report to be served, and links that lead out of the workspace."""
    folder = server.trial.workspace / "tickets"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}", "utf-8")
    (folder / "key.json").symlink_to(server.trial.workspace / ".platform" / "api_key")
    (folder / "passwd.json").symlink_to("/etc/passwd")
    (folder / "all").symlink_to("/")


def _refused(server: Target, data: bytes, statuses: tuple[int, ...]) -> None:
    """Refused with one of these statuses (none: whatever, or by closing), and nothing shown."""
    response = server.exchange(data)
    _require_nothing_shown(server, response)
    require(b'"accounts/local"' not in response, "the accounts were listed without a key")
    if statuses:
        require(_status(response) in statuses, f"answered with {response[:60]!r}")
    server.require_well()


def _answered(server: Target, data: bytes) -> None:
    """Answered or refused, but not with 500, and soon."""
    started = time.monotonic()
    response = server.exchange(data)
    seconds = time.monotonic() - started
    _require_nothing_shown(server, response)
    require(not response or 100 < _status(response) < 500, f"answered with {response[:200]!r}")
    require(seconds < SECONDS / 2, f"took {seconds:.0f} s")
    server.require_well()


def _require_nothing_shown(server: Target, response: bytes) -> None:
    require(server.key.encode() not in response, "the key was shown")
    require(PASSWD not in response, "a file of the machine was shown")
    require(b"Traceback" not in response, "a traceback was shown")


def _without_key(server: Target) -> Iterator[tuple[str, bytes]]:
    accounts, key = "/v1/accounts", server.key
    keys = {
        "no key": (),
        "an empty bearer": ("Authorization: Bearer ",),
        "another key": ("Authorization: Bearer fwl_" + "x" * 43,),
        "a prefix of the key": (f"Authorization: Bearer {key[:-1]}",),
        "the key and more": (f"Authorization: Bearer {key}x",),
        "basic authentication": ("Authorization: Basic Zm9vOmJhcg==",),
        "the key under no scheme, cut": (f"Authorization: {key[:20]}",),
        "an empty X-Api-Key": ("X-Api-Key: ",),
        "a wrong X-Api-Key": ("X-Api-Key: none",),
        "bytes beyond ASCII": ("Authorization: Bearer \xff\xfe",),
        "a cookie": (f"Cookie: key={key}",),
        "a header that smuggles": ("X-Forwarded-For: 127.0.0.1", "X-Original-URL: /healthz"),
    }
    for name, headers in keys.items():
        yield f"{name}", server.request("GET", accounts, None, *headers, key=False)
    yield "the key in the query", server.request("GET", f"{accounts}?key={key}&api_key={key}", key=False)
    for method, path, body in (
        ("POST", CHAT_PATH, CHAT),
        ("POST", f"/inference{CHAT_PATH}", CHAT),
        ("POST", DATASETS, {"datasetId": "d", "dataset": {"exampleCount": 1}}),
        ("DELETE", f"{DATASETS}/d", None),
        ("GET", "/v1/prices", None),
        ("GET", "/v1/models", None),
        ("GET", "/healthz/../v1/accounts", None),
        ("GET", "//v1/accounts", None),
        ("GET", "/v1/accounts/", None),
        ("GET", "/openapi.json/../v1/accounts", None),
        ("GET", "/V1/ACCOUNTS", None),
        ("PUT", "/signed/datasets/d/f", b"x"),
        ("GET", "/signed/api_key", None),
        ("GET", "/signed/api_key?X-Goog-Signature=", None),
        ("GET", "/signed/api_key?X-Goog-Signature=%C3%A9&expires=9999999999", None),
        ("GET", "/signed/datasets/x?X-Goog-Signature=0&expires=nan", None),
    ):
        yield f"{method} {path} without a key", server.request(method, path, body, key=False)
    yield "a websocket without a key", server.request(
        "GET", accounts, None, "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13", key=False,
    )  # fmt: skip
    yield "faults without a key", server.request("GET", accounts, None, 'x-fw-faults: {"delay": 1e9}', key=False)


def _paths() -> Iterator[tuple[str, str]]:
    for prefix in ("/workspace", "/signed"):
        for tail in (
            "/../.platform/api_key", "/.platform/api_key", "/%2e%2e/.platform/api_key", "/..%2f.platform%2fapi_key",
            "/%252e%252e/.platform/api_key", "//etc/passwd", "/%2fetc%2fpasswd", "/tickets/../../../../../etc/passwd",
            "/..\\.platform\\api_key", "/tickets/%2e%2e/.platform/api_key", "/%00", "/tickets/report.json%00.html",
            "/tickets/key.json", "/tickets/passwd.json", "/tickets/all/etc/passwd", "/tickets/all/etc/hosts.json",
            "/%ff%fe", "/\u00e9".encode().decode("latin-1"), "/" + "a" * 5_000, "/" + "../" * 500 + "etc/passwd",
            "/.dagster/storage/runs.db", "/" + "%2e" * 1_000, "/~root", "/con.json",
        ):  # fmt: skip
            yield f"{prefix}{tail[:60]}", f"{prefix}{tail}"


def _framing(server: Target) -> Iterator[tuple[str, bytes]]:
    """Requests that two readers may cut differently; the second one inside lists the accounts without a key."""
    inner = b"GET /v1/accounts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for name, headers, body in (
        ("length and chunks", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        ("chunks and length", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n"),
        ("two lengths", b"Content-Length: 0\r\nContent-Length: 60\r\n", b""),
        ("length +5", b"Content-Length: +5\r\n", b"abcde"),
        ("length -1", b"Content-Length: -1\r\n", b""),
        ("length 0x5", b"Content-Length: 0x5\r\n", b"abcde"),
        ("length of 10^30", b"Content-Length: 1" + b"0" * 30 + b"\r\n", b""),
        ("length as a list", b"Content-Length: 5, 5\r\n", b"abcde"),
        ("xchunked", b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"),
        ("chunked after a tab", b"Transfer-Encoding:\tchunked\r\n", b"0\r\n\r\n"),
        ("a space before the colon", b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        ("a folded header", b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"),
        ("bare line feeds", b"Transfer-Encoding: chunked\n\n", b"0\n\n"),
        ("a NUL in a header", b"X-A: a\0b\r\n", b""),
        ("a negative chunk", b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n"),
        ("a chunk of 2^64", b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n"),
        ("a chunk with 1 MB of extension", b"Transfer-Encoding: chunked\r\n", b"1;" + b"a" * (1 << 20) + b"\r\nx\r\n"),
        ("two hosts", b"Host: evil.example\r\n", b""),
        ("no end of the header", b"X-A: " + b"a" * 200_000, b""),
        ("10,000 headers", b"X-A: b\r\n" * 10_000, b""),
    ):
        yield name, head + headers + b"\r\n" + body + inner
    yield "a line of 1 MB", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n"
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(64)
    yield "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    yield "no HTTP", bytes(range(256)) * 40
    yield "an empty line", b"\r\n" * 1_000
    for method in ("TRACE", "CONNECT", "OPTIONS", "PATCH", "G\u00cbT".encode().decode("latin-1"), "A" * 10_000):
        yield f"the method {method[:10]}", server.request(method, "/healthz", key=False)
    yield "an absolute address", server.request("GET", "http://evil.example/v1/accounts", key=False)
    yield (
        "the file server under another name",
        server.request("GET", "/workspace/tickets/report.json", key=False).replace(
            b"Host: 127.0.0.1", b"Host: evil.example"
        ),
    )


def _bodies(server: Target) -> Iterator[tuple[str, bytes]]:
    def chat(**fields: Any) -> bytes:
        return server.request("POST", CHAT_PATH, CHAT | fields)

    def constrained(kind: str, value: Any) -> bytes:
        return chat(response_format={"type": kind, kind: value})

    def schema(value: Any) -> bytes:
        return constrained("json_schema", {"name": "a", "schema": value})

    deep: Any = {"type": "string"}
    for _ in range(400):
        deep = {"type": "object", "properties": {"a": deep}}
    labels = [f"label {number}" for number in range(60_000)]
    yield "a grammar of 60,000 answers", constrained("grammar", "root ::= " + " | ".join(f'"{x}"' for x in labels))
    yield (
        "a grammar of 20^6 answers",
        constrained("grammar", "root ::= " + " ".join(["(" + "|".join(f'"{n}"' for n in range(20)) + ")"] * 6)),
    )
    yield "a grammar of brackets", constrained("grammar", "root ::= " + "(" * 20_000)
    yield "a grammar that calls itself", constrained("grammar", 'root ::= root | "a"')
    yield "a grammar in a circle", constrained("grammar", "root ::= a\na ::= b\nb ::= a")
    yield "a grammar of 1,000 repeats", constrained("grammar", "root ::= " + '("a"*)*' * 1_000)
    yield (
        "a grammar that doubles",
        constrained(
            "grammar",
            "root ::= a0 a0\n"
            + "\n".join(f'a{n} ::= (a{n + 1} | "x") (a{n + 1} | "y")' for n in range(60))
            + '\na60 ::= "z"',
        ),
    )
    yield "a grammar of NUL", constrained("grammar", 'root ::= "\0"')
    yield "no grammar", constrained("grammar", {"a": 1})
    yield "a schema of 100,000 values", schema({"enum": labels + [str(n) for n in range(40_000)]})
    yield "a schema nested 400 times", schema(deep)
    yield "a schema of itself", schema({"$ref": "#"})
    yield (
        "a schema of 2^30 answers",
        schema({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 30, "maxItems": 30}),
    )
    yield "a schema of anyOf", schema({"anyOf": [{"anyOf": [{"const": n} for n in range(100)]}] * 300})
    yield "a schema that is text", schema("x")
    for field, values in {
        "n": (0, -1, 10**9, "x", 1.5),
        "max_tokens": (-1, 0, 10**18, "x", None),
        "temperature": (-1, 1e308, "hot"),
        "logprobs": (10**9, "x", -1),
        "top_logprobs": (10**9, -1),
        "stream": ("yes", 2),
        "seed": (10**40, "x"),
        "stop": (["a"] * 100_000, 5),
        "model": ("../../etc/passwd", "x" * 1_000_000, 5, "", "accounts/../models/x", "a\0b"),
        "messages": (
            [],
            [5],
            "x",
            [{"role": "user"}],
            [{"role": 5, "content": {}}],
            [{"role": "user", "content": "x"}] * 20_000,
        ),
    }.items():
        for value in values:
            yield f"{field} {str(value)[:30]}", chat(**{field: value})
    yield "a content of 3 MB", chat(messages=[{"role": "user", "content": "\u00e9 " * 1_000_000}])
    yield "half a surrogate", server.request("POST", CHAT_PATH, json.dumps(CHAT).replace("about", "\\ud800").encode())
    for name, body in (
        ("200,000 brackets", b"[" * 200_000),
        ("2 million of objects", b'{"a":' * 700_000),
        ("NaN", b'{"model": NaN}'),
        ("not UTF-8", b"\xff\xfe"),
        ("half an object", b"{"),
        ("null", b"null"),
        ("nothing", b""),
        ("5 MB", b" " * (5 << 20)),
        ("a number of 1 MB", b'{"n": ' + b"9" * (1 << 20) + b"}"),
        ("a gzip bomb", gzip.compress(b" " * (64 << 20))),
    ):
        for path in (CHAT_PATH, DATASETS):
            yield (
                f"{name} to {path}",
                server.request("POST", path, body, "Content-Encoding: gzip" if "gzip" in name else "X-A: b"),
            )
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    head = server.request("POST", CHAT_PATH).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    yield "12 MB in chunks", head + chunk * 12 + b"0\r\n\r\n"
    for id in ("../x", "..", ".", "a/b", "a" * 10_000, "\u00fc", "a\0b", "", "A B", "-", 5, None, ["a"]):
        named = {"datasetId": id, "dataset": {"exampleCount": 1, "userUploaded": {}}}
        yield f"a dataset {str(id)[:20]!r}", server.request("POST", DATASETS, named)
    for count in (-1, 10**30, "x", 1e308, None):
        counted = {"datasetId": "c", "dataset": {"exampleCount": count, "userUploaded": {}}}
        yield f"a dataset of {count} rows", server.request("POST", DATASETS, counted)
    for query in (
        "pageSize=-1", "pageSize=99999999999999999999", "pageSize=x", "pageToken=%00", "pageToken=" + "a" * 5_000,
        "filter=state%3D%22%27%20OR%201%3D1%20--%22", "filter=" + "(" * 5_000, "orderBy=name%3B%20DROP%20TABLE%20x",
        "orderBy=" + "a," * 2_000, "filter=%ff",
    ):  # fmt: skip
        yield f"a list with {query[:30]}", server.request("GET", f"{DATASETS}?{query}")
    for file in ("../../evil", "/etc/evil", "a\0b", "", "x" * 5_000):
        yield (
            f"an upload of {file[:12]!r}",
            server.request("POST", f"{DATASETS}/d:getUploadEndpoint", {"filenameToSize": {file: 3}}),
        )
    for size in (-1, 10**30, "x", None):
        yield (
            f"an upload of {size} bytes",
            server.request("POST", f"{DATASETS}/d:getUploadEndpoint", {"filenameToSize": {"f": size}}),
        )
    for name, kind, body in (
        ("no boundary", "multipart/form-data", b"--x\r\n\r\n"),
        (
            "no end",
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n{}",
        ),
        (
            "a file outside",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../evil"\r\n\r\n{}\r\n--x--\r\n',
        ),
        (
            "10,000 fields",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n",
        ),
        ("a header of 1 MB", "multipart/form-data; boundary=x", b"--x\r\nX: " + b"a" * (1 << 20)),
    ):
        yield f"a form with {name}", server.request("POST", f"{DATASETS}/d:upload", body, f"Content-Type: {kind}")
    yield "faults that are nonsense", server.request("GET", "/v1/accounts", None, 'x-fw-faults: {"delay": "x", "a": [')
    yield (
        "a forwarded host",
        server.request(
            "POST", f"{DATASETS}/d:getUploadEndpoint", {"filenameToSize": {"f": 3}}, "X-Forwarded-Host: evil.example"
        ),
    )


def _half_open(attacks: Attacks, server: Target) -> None:
    for name, data in (
        ("half a request line", b"GET /v1/acc"),
        ("half a header", b"GET /healthz HTTP/1.1\r\nHost: 127"),
        ("half a body", server.request("POST", CHAT_PATH, CHAT)[:-20]),
        ("nothing at all", b""),
    ):
        with attacks.attack(f"{HALF_OPEN} connections with {name}"), ExitStack() as held:
            for _ in range(HALF_OPEN):
                connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
                connection.sendall(data)
            server.require_well()
    with attacks.attack(f"{HALF_OPEN} requests whose answer nobody reads"):
        for _ in range(HALF_OPEN // 4):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                connection.sendall(server.request("POST", CHAT_PATH, CHAT))
        server.require_well()
    with attacks.attack("descriptors after all that"):
        folder = Path(f"/proc/{server.process.pid}/fd")
        settled = wait_until(lambda: len(list(folder.iterdir())) < 100, 30)
        require(settled, f"{len(list(folder.iterdir()))} descriptors are open")


def _status(response: bytes) -> int:
    match = re.match(rb"HTTP/1\.\d (\d{3})", response)
    return int(match[1]) if match else 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
