"""An evaluation in a process of its own, on a platform with faults, to be killed: `python -m ... FOLDER ROWS SEED`.

The platform writes down every answer that it has given, so that a killer can see what was answered how often.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import polars as pl

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import Backoff, Fireworks, RetryPolicy
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.workspace import Workspace

LABELS = ("billing", "technical", "account", "sales")
PROMPT = Prompt(
    system=None, labels=LABELS, answers=LABELS, mode="grammar", json_key=None, multi_label=False, max_tokens=16
)
FAULTS = 0.05
_MODULE = "fw_assets_tests.pipeline.evaluation.killed_process"
_QUICK = Backoff(first=0.001, growth=1.5, longest=0.01, budget=60.0)


class Platform(httpx.AsyncBaseTransport):
    """Answers by a hash of the text; of 100 requests about five are refused, fail or break off."""

    def __init__(self, log: Path, seed: int) -> None:
        self.log = log.open("a")
        self.random = random.Random(seed)

    async def aclose(self) -> None:
        self.log.close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        text = body["messages"][-1]["content"]
        await asyncio.sleep(0.002)
        if self.random.random() < FAULTS:
            fault = self.random.choice((429, 500, 503, None))
            if fault is None:
                raise httpx.ReadError("the connection broke off")
            headers = {"retry-after-ms": "1"} if fault == 429 else {}
            return httpx.Response(fault, json={"error": {"message": "not now"}}, headers=headers, request=request)
        label = LABELS[sum(text.encode()) % len(LABELS)]
        choice = {"index": 0, "message": {"role": "assistant", "content": label}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        answer = httpx.Response(200, json={"id": "x", "choices": [choice], "usage": usage}, request=request)
        # From here until the answer is kept, a kill loses it.
        self.log.write(f"{text}\n")
        self.log.flush()
        return answer


def rows(count: int) -> pl.DataFrame:
    """Rows with distinct texts."""
    texts = [json.dumps([{"role": "user", "content": f"text {i}"}]) for i in range(count)]
    return pl.DataFrame(
        {
            "id": [f"train:{i + 1}" for i in range(count)],
            "messages": texts,
            "labels": [[LABELS[i % len(LABELS)]] for i in range(count)],
            "group": pl.Series(range(count), dtype=pl.UInt32),
        }
    )


def evaluate(folder: Path, count: int, seed: int) -> None:
    """Ask for every row, and write the predictions."""
    store = Workspace(str(folder / "workspace"))

    async def work() -> pl.DataFrame:
        retry_policy = RetryPolicy(transient=_QUICK, throttled=_QUICK, scaling=_QUICK)
        transport = Platform(folder / "answered.log", seed)
        client = Fireworks(
            base_url="http://host", api_key="k", account_id="acme", transport=transport, retry_policy=retry_policy
        )
        async with client:
            answers = ResponseCache(store, "tickets", "m", PROMPT.digest)
            return (await ask(client, "m", PROMPT, rows(count), answers, what="test")).predictions

    store.write_frame(asyncio.run(work()), "predictions.parquet")


def start(folder: Path, count: int, seed: int) -> subprocess.Popen[bytes]:
    """The evaluation in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", _MODULE, str(folder), str(count), str(seed)])


def kept(folder: Path) -> Counter[str]:
    """How often each request's key is in the record of answers; a line that was cut off is not read."""
    (record,) = (folder / "workspace" / "tickets" / "answers").glob("*.jsonl")
    store = Workspace(str(folder / "workspace"))
    return Counter(json.loads(line)["key"] for line in store.lines("tickets", "answers", record.name))


def killed_at(folder: Path, count: int, seed: int, answers: int) -> bool:
    """Start it and kill it when that many rows have been answered in all; False if it was done before."""
    process = start(folder, count, seed)
    log = folder / "answered.log"
    while process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= answers:
            process.kill()
            process.wait()
            return True
        time.sleep(0.001)
    assert process.returncode == 0
    return False


if __name__ == "__main__":
    evaluate(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
