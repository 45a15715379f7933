"""A known key in whole sessions against a service that fails and quotes it; then every file is searched for it."""

from __future__ import annotations

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.servers import served
from benchmarks.attacks.trial import Trial, ended
from benchmarks.instant_platform import InstantPlatform
from fw_assets_tests.browser.conftest import free_ports

KEY = "fw_3aKnownKeyOfTheAttack0123456789abcdef"
SPELLINGS = (KEY.encode(), base64.b64encode(KEY.encode())[:-4], KEY.encode().hex().encode(), KEY.encode("utf-16-le"))
EVERY = 5
MODEL = "quick-a"


class Quoting:
    """An app of which every fifth response (or every one) is a failure that quotes what was sent, the key included."""

    def __init__(self, app: ASGIApp, status: int, every: int) -> None:
        self._app, self._status, self._every, self._requests = app, status, every, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._requests += 1
        if self._requests % self._every:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        await request.body()
        quoted = dict(request.headers) | {"url": str(request.url)}
        response: Response = JSONResponse({"error": {"message": f"no: {quoted}", "code": "X"}}, self._status, quoted)
        if self._requests % 2:
            response = JSONResponse({"code": 13, "message": str(quoted), "details": [quoted]}, self._status)
        for name in ("content-length", "content-type", "host", "accept-encoding"):
            if name in response.headers and name != "content-length":
                del response.headers[name]
        response.headers["content-length"] = str(len(response.body))
        await response(scope, receive, send)


def known_key(attacks: Attacks) -> None:
    """Sessions side by side, since each waits a minute for a service that may come back."""
    trial = Trial(attacks.new_folder("rows"))
    instant = InstantPlatform(trial.data)
    commands = ("models", "plan", "run", "run --json", "status")
    with ThreadPoolExecutor(4) as pool:
        work = {
            f"`{command}` against {every_name} {status}": pool.submit(
                _session, attacks.new_folder("session"), command, Quoting(instant.app, status, every)
            )
            for command in commands
            for every_name, every, status in (
                ("nothing but", 1, 500),
                ("an occasional", EVERY, 503),
                ("a sudden", 7, 401),
            )
        }
    for name, result in work.items():
        with attacks.attack(name):
            found = result.result()
            require(not found, f"the key is in {', '.join(found[:3])}")


def _session(folder: Path, command: str, app: ASGIApp) -> list[str]:
    """Where the key is found after a command."""
    (port,) = free_ports(1)
    with served(app) as url:
        trial = Trial(
            folder, FW_PLATFORM="fireworks", FIREWORKS_API_KEY=KEY, FIREWORKS_BASE_URL=url,
            FIREWORKS_ACCOUNT_ID="local", FW_PORT=str(port), TMPDIR=str(folder),
        )  # fmt: skip
        verb, *more = command.split()
        arguments = [str(trial.data), "--model", MODEL] if verb in ("plan", "run") else []
        approved = ["--approve", "--yes"] if verb == "run" else []
        done = ended(
            subprocess.Popen(
                trial.command(verb, *arguments, *approved, *more),
                cwd=folder, env=trial.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            ),
            seconds=600,
        )  # fmt: skip
        require(verb == "status" or done.code != -9, done.message)
    (folder / "output.txt").write_text(done.output, "utf-8")
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and _holds_key(path)]


def _holds_key(path: Path) -> bool:
    content = path.read_bytes()
    return any(spelling in content for spelling in SPELLINGS)
