"""A language model's fine-tuning job whose worker is killed again and again: how many jobs, and with what result.

python -m benchmarks.killed_training [KILLS]

The model is a random one of half a million parameters. Each kill comes after another checkpoint; the job has to end as
the one that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets_tests.embedded.conftest import Client, row, wait
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder
from fw_assets_tests.embedded.jobs.test_job_queue import workers

WORDS = {"refund": "money back please", "card arrival": "where is my card", "greeting": "good morning to you"}
FILES = ("adapter_model.safetensors", "head.safetensors")


def main(kills: int = 10) -> None:
    """Run it, and print what happened."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["FW_LANGUAGE_MODELS"] = str(home / "models")
        add_language_model("tiny", str(make_folder("llama", home / "files")))
        client = Client(home / "platform")
        client.dataset("train", [row(f"{text} {n}", label) for n in range(20) for label, text in WORDS.items()])
        epochs = 3 * kills
        started = time.perf_counter()
        _create(client, "calm", epochs)
        client.finished("calm", seconds=600)
        undisturbed = time.perf_counter() - started
        started = time.perf_counter()
        _create(client, "torn", epochs)
        killed = _kill(client, kills)
        job = client.finished("torn", seconds=600)
        jobs = client.get("/v1/accounts/local/supervisedFineTuningJobs")["supervisedFineTuningJobs"]
        print(f"undisturbed: {undisturbed:.1f} s; killed {killed} times: {time.perf_counter() - started:.1f} s")
        print(f"state: {job['state']}; jobs of that name: {sum(each['name'] == job['name'] for each in jobs)}")
        for kind, name in (("jobs", "metrics"), ("models", "model")):
            same = _bytes(client, kind, "torn") == _bytes(client, kind, "calm")
            print(f"{name} identical to the undisturbed job's: {same}")


def _create(client: Client, id: str, epochs: int) -> None:
    grid = {"loraRank": 4, "learningRate": 0.01, "epochs": epochs, "batchSizeSamples": 8}
    client.job(id, baseModel="accounts/fireworks/models/tiny", readout="head", **grid)


def _kill(client: Client, kills: int) -> int:
    """Kill the worker after so many checkpoints, each a newer one; the number of kills that there was time for."""
    path = "/v1/accounts/local/supervisedFineTuningJobs/torn"
    checkpoint = client.home / "jobs" / "supervisedFineTuningJobs" / "torn" / "checkpoint.safetensors"
    pauses, seen, killed = random.Random(1), 0, 0

    def newer() -> Any:
        ended = client.get(path)["state"].removeprefix("JOB_STATE_") in ("COMPLETED", "FAILED")
        written = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        return "ended" if ended else written > seen and written

    while killed < kills and (written := wait(newer, bool, 300)) != "ended":
        seen = written
        time.sleep(pauses.uniform(0, 0.1))
        for process in workers(client.home):
            os.kill(process, signal.SIGKILL)
        killed += 1
    return killed


def _bytes(client: Client, kind: str, id: str) -> list[bytes]:
    if kind == "jobs":
        return [(client.home / "jobs" / "supervisedFineTuningJobs" / id / "metrics.jsonl").read_bytes()]
    return [(client.home / "models" / f"{id}-model" / name).read_bytes() for name in FILES]


if __name__ == "__main__":
    main(*positional(__doc__, kills=10))
