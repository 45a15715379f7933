"""Decision requests beside chat requests over the same labels, on an embedded server over a real socket, in turns.

    python -m benchmarks.decision_requests [--models char-ngram,minilm-l6-v2] [--labels 150] [--rounds N] [--requests N]
        [--concurrency N]

Each round sends the same number of chats and of decisions over texts that no request before had, in turns, from one
client, so that other work on the machine falls on both. The ratio is formed within each round; shown are its median and
quartiles, and the medians of the milliseconds for one request: by the clock, and of processor time of client and server
together, which other work on the machine changes less. A language model of a folder is added first:
`--add NAME FOLDER`, as `fw-assets models add` does it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import httpx

from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import Choice, Fireworks

WORDS = [line.strip() for line in Path(__file__).read_text("utf-8").split() if line.isalpha() and len(line) > 2]
INSTRUCTIONS = "Which of the options is the label of this conversation?"


def labels(number: int) -> tuple[str, ...]:
    """Names such as `card_arrival_17`."""
    pick = random.Random(1)
    return tuple(f"{pick.choice(WORDS)}_{pick.choice(WORDS)}_{index}".lower() for index in range(number))


def texts(number: int, seed: int) -> list[str]:
    pick = random.Random(seed)
    return [" ".join(pick.choices(WORDS, k=12)) for _ in range(number)]


class Taken(NamedTuple):
    """Seconds for one request."""

    clock: float
    processor: float


def processor_seconds(server: int) -> float:
    """What this process and the server's have used."""
    fields = Path(f"/proc/{server}/stat").read_text("utf-8").rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


async def seconds(asked: list[str], concurrency: int, server: int, ask: Callable[[str], Awaitable[object]]) -> Taken:
    """The time for one request, of so many at a time."""
    left = iter(asked)

    async def worker() -> None:
        for text in left:
            await ask(text)

    started, used = time.perf_counter(), processor_seconds(server)
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    clock, processor = time.perf_counter() - started, processor_seconds(server) - used
    return Taken(clock / len(asked), processor / len(asked))


async def compare(url: str, key: str, model: str, server: int, arguments: argparse.Namespace) -> None:
    options = labels(arguments.labels)
    prompt = Prompt(
        system="Answer with exactly one of these labels:\n" + "\n".join(f"- {label}" for label in options),
        labels=options,
        answers=options,
        mode="grammar",
        json_key=None,
        multi_label=False,
        max_tokens=40,
    )
    question = {"label": Choice(INSTRUCTIONS, options)}
    name = f"accounts/fireworks/models/{model}"
    async with Fireworks(api_key=key, account_id="local", base_url=url) as client:

        async def chat(text: str) -> object:
            body = request(prompt, f'[{{"role": "user", "content": "{text}"}}]')
            return await client.chat({"model": name, **body})

        async def decision(text: str) -> object:
            return await client.systemone(name, text, question)

        ways = {"chat": chat, "decision": decision}
        for ask in ways.values():
            await seconds(texts(arguments.concurrency, -1), arguments.concurrency, server, ask)
        taken: dict[str, list[Taken]] = {way: [] for way in ways}
        for turn in range(arguments.rounds):
            order = list(ways.items())[:: 1 if turn % 2 else -1]
            for place, (way, ask) in enumerate(order):
                fresh = texts(arguments.requests, 2 * turn + place)
                taken[way].append(await seconds(fresh, arguments.concurrency, server, ask))
        pairs = list(zip(taken["chat"], taken["decision"], strict=True))
        for number, by in enumerate(Taken._fields):
            low, middle, high = statistics.quantiles([after[number] / before[number] for before, after in pairs], n=4)
            chats, decisions = (1000 * statistics.median(pair[side][number] for pair in pairs) for side in (0, 1))
            times = f"chat {chats:7.2f} ms   decision {decisions:7.2f} ms"
            print(f"{model:20} {by:10} {times}   ratio {middle:.2f} ({low:.2f} to {high:.2f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Decision requests beside chat requests.")
    parser.add_argument("--models", default="char-ngram,minilm-l6-v2")
    parser.add_argument("--add", nargs=2, action="append", default=[], metavar=("NAME", "FOLDER"))
    parser.add_argument("--labels", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        home = Path(folder) / "platform"
        environment = {**os.environ, "FW_PLATFORM_HOME": str(home), "FW_WORKSPACE": folder, "FW_PORT": str(port)}
        command = [sys.executable, "-m", "fw_assets"]
        for name, weights in arguments.add:
            subprocess.run([*command, "models", "add", name, weights], env=environment, check=True)
        server = subprocess.Popen(
            [*command, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=None
        )
        try:
            url = f"http://127.0.0.1:{port}"
            while not _up(url):
                if server.poll() is not None:
                    raise SystemExit("the server ended")
                time.sleep(0.1)
            key = (home / "api_key").read_text("utf-8").strip()
            for model in [*arguments.models.split(","), *(name for name, _ in arguments.add)]:
                asyncio.run(compare(url, key, model, server.pid, arguments))
        finally:
            server.terminate()
            server.wait(timeout=20)


def _up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
