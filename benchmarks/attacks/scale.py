"""A ledger of a million lines, two hundred datasets, and two hundred clients for a minute."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import time
from collections import Counter

import aiohttp

from benchmarks.attacks.embedded_http import CHAT, CHAT_PATH, Target, target
from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.trial import Trial
from fw_assets.classification.cost.ledger import LedgerEntry, Reservation
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.budget.ledger_log import payment_line, read_ledger, reservation_line
from fw_assets.pipeline.phases import statuses
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.filled_workspace import fill_dataset
from fw_assets_tests.project import EXAMPLES

LEDGER_LINES, LEDGER_SECONDS = 1_000_000, 120.0
DATASETS, MODELS = 200, 20
TICK_SECONDS, STATUS_SECONDS = 10.0, 60.0
CLIENTS, LOAD_SECONDS, TEXTS = 200, 60.0, 60
HEALTH_SECONDS, MAX_P99 = 5.0, 20.0
SCALING_UP = 503


def scale(attacks: Attacks) -> None:
    """The ledger first, then the datasets."""
    store = Workspace(str(attacks.new_folder("ledger")))
    with attacks.attack(f"a ledger of {LEDGER_LINES:,} lines"):
        path = store.local("tickets", "ledger", "p.jsonl")
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8") as log:
            for number in range(LEDGER_LINES // 2):
                id = f"job-{number}"
                log.write(reservation_line(Reservation(key="sweep/m", id=id, usd=0.02, at="")) + "\n")
                entry = LedgerEntry(key="sweep/m", id=id, quantity=1.0, unit="tokens", usd=0.01, at="")
                log.write(payment_line(entry) + "\n")
        started = time.monotonic()
        ledger = read_ledger(store, "tickets", "ledger", "p.jsonl")
        seconds = time.monotonic() - started
        require(len(ledger.entries) == LEDGER_LINES // 2 and not ledger.reservations, "lines are missing")
        require(seconds < LEDGER_SECONDS, f"took {seconds:.0f} s")
        attacks.note(f"a ledger of {LEDGER_LINES:,} lines is read in {seconds:.1f} s")
    trial = Trial(attacks.new_folder("datasets"))
    store = Workspace(str(trial.workspace))
    names = [f"set-{number:03d}" for number in range(DATASETS)]
    for number, name in enumerate(names):
        fill_dataset(store, name, number % 4, MODELS)
    with attacks.attack(f"what is due of {DATASETS} datasets with {MODELS} models"):
        started = time.monotonic()
        states = Counter(status.state for status in statuses(store, names).values())
        seconds = time.monotonic() - started
        require(sum(states.values()) == DATASETS and "unreadable" not in states, f"states: {dict(states)}")
        require(seconds < TICK_SECONDS, f"took {seconds:.0f} s")
        attacks.note(f"what is due of {DATASETS} datasets takes {seconds:.2f} s")
    with attacks.attack(f"`status` of {DATASETS} datasets"):
        started = time.monotonic()
        ended = trial.finish("status")
        seconds = time.monotonic() - started
        require(ended.code == DONE and all(name in ended.output for name in names), ended.message)
        require(seconds < STATUS_SECONDS, f"took {seconds:.0f} s")


def load(attacks: Attacks) -> None:
    """Each client asks one text after the other; every answer must be the one that a single client gets."""
    texts = [json.loads(line)["messages"][-2]["content"] for line in EXAMPLES.read_text("utf-8").splitlines()[:TEXTS]]
    with target(attacks.new_folder("load")) as server:
        for line in asyncio.run(_load(attacks, server, texts)):
            attacks.note(line)
        with attacks.attack("the server afterwards"):
            server.require_well()


async def _load(attacks: Attacks, server: Target, texts: list[str]) -> list[str]:
    url = f"http://127.0.0.1:{server.port}"
    headers = {"Authorization": f"Bearer {server.key}"}
    grammar = {"type": "grammar", "grammar": 'root ::= "billing" | "technical" | "account" | "sales"'}
    wrong: Counter[str] = Counter()
    latencies: list[float] = []
    health: list[float] = []
    refused = 0
    async with aiohttp.ClientSession(
        url, headers=headers, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
    ) as session:

        async def ask(text: str) -> tuple[int, str]:
            body = CHAT | {"messages": [{"role": "user", "content": text}], "response_format": grammar}
            async with session.post(CHAT_PATH, json=body) as response:
                answer = await response.json()
                return response.status, answer["choices"][0]["message"]["content"] if response.status == 200 else ""

        expected = {text: (await ask(text))[1] for text in texts}
        end = time.monotonic() + LOAD_SECONDS

        async def client(number: int) -> None:
            nonlocal refused
            chance = random.Random(number)
            while time.monotonic() < end:
                text, started = chance.choice(texts), time.monotonic()
                status, answer = await ask(text)
                latencies.append(time.monotonic() - started)
                if status in (SCALING_UP, 429):
                    refused += 1
                elif status != 200:
                    wrong[f"status {status}"] += 1
                elif answer != expected[text]:
                    wrong["another answer"] += 1

        async def watch() -> None:
            while time.monotonic() < end:
                started = time.monotonic()
                async with session.get("/healthz") as response:
                    await response.read()
                health.append(time.monotonic() - started)
                await asyncio.sleep(1)

        results = await asyncio.gather(watch(), *map(client, range(CLIENTS)), return_exceptions=True)
    lost = [result for result in results if isinstance(result, BaseException)]
    latencies.sort()
    p99 = latencies[int(0.99 * len(latencies))]
    with attacks.attack(f"{CLIENTS} clients for {LOAD_SECONDS:.0f} s"):
        require(not lost, f"{len(lost)} clients ended early: {lost[:1]!r}")
        require(not wrong, f"of {len(latencies):,} answers were wrong: {dict(wrong)}")
        require(p99 < MAX_P99, f"p99 {p99:.1f} s")
    with attacks.attack("/healthz under that load"):
        require(max(health) < HEALTH_SECONDS, f"took {max(health):.1f} s")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [
        f"{len(latencies):,} answers, {len(latencies) / LOAD_SECONDS:,.0f}/s, p99 {p99:.2f} s, {refused} told to wait, "
        f"/healthz at most {max(health):.2f} s ({soft} descriptors allowed)"
    ]
