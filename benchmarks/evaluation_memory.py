"""The memory of evaluating one model on ever more rows: asked, kept, judged, scored, its confidence judged.

    python -m benchmarks.evaluation_memory [ROWS ...]

The platform is a transport in the process that answers at once. Every size runs in a process of its own; what is
printed is the most memory that the process ever held, in all and above what it held before it began.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import polars as pl

from fw_assets.classification.metrics.confidence import model_confidence
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import Fireworks
from fw_assets.fireworks._transport import BufferedTransport, Method
from fw_assets.pipeline.evaluation.candidate.stored_predictions import store_and_score
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, prediction_batches, prediction_path
from fw_assets.workspace.workspace import Workspace

LABELS = tuple(f"label_{number:03d}" for number in range(150))
PROMPT = Prompt(
    system=None, labels=LABELS, answers=LABELS, mode="grammar", json_key=None, multi_label=False, max_tokens=16
)
TEXT = "my card has not arrived although I ordered it two weeks ago, and nobody can tell me where it is; number "


class Transport(BufferedTransport):
    """Answers four rows in five rightly, each with a confidence of its own."""

    async def send(
        self, method: Method, url: str, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A completion, at once."""
        text = msgspec.json.decode(data or b"")["messages"][-1]["content"]
        number = int(text.rpartition(" ")[2])
        label = LABELS[(number + (number % 5 == 0)) % len(LABELS)]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": label},
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": label, "logprob": -(number * 7919 % 999_983) / 1e6}]},
        }
        usage = {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}
        return 200, {}, msgspec.json.encode({"id": "x", "choices": [choice], "usage": usage})


def write_rows(store: Workspace, count: int) -> None:
    """The rows, a piece at a time, so that making them does not count."""
    folder = Path(store.root) / "pieces"
    folder.mkdir()
    for start in range(0, count, 10_000):
        numbers = range(start, min(start + 10_000, count))
        pl.DataFrame(
            {
                "id": [f"train:{number + 1}" for number in numbers],
                "messages": [json.dumps([{"role": "user", "content": f"{TEXT}{number}"}]) for number in numbers],
                "labels": [[LABELS[number % len(LABELS)]] for number in numbers],
                "split": ["test"] * len(numbers),
                "group": pl.Series(numbers, dtype=pl.UInt32),
            }
        ).write_parquet(folder / f"{start:09d}.parquet")
    folder_of_assets = Path(store.root) / "tickets" / "assets"
    folder_of_assets.mkdir(parents=True)
    pl.scan_parquet(folder / "*.parquet").sink_parquet(folder_of_assets / "label_set.parquet")


def peak() -> float:
    """The most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def evaluate(root: str, count: int) -> None:
    """One evaluation; prints its figures as JSON, progress on the way."""
    store = Workspace(root)
    rows = Batches(store.scan_frame("tickets", "assets", "label_set.parquet"), pl.col("split") == "test")

    async def work() -> None:
        client = Fireworks(base_url="http://host", api_key="k", account_id="acme", transport=Transport())
        async with client:
            answers = ResponseCache(store, "tickets", "m", PROMPT.digest)
            evaluation = await ask(client, "m", PROMPT, rows, answers, what=f"{count:,} rows")
        of = ("tickets", "m", "base", "test")
        scores = store_and_score(store, prediction_path(*of), evaluation.prediction_batches(), LABELS, False)
        batches = prediction_batches(store, *of, CONFIDENCE_COLUMNS)
        model_confidence(batches, batches, 0.9)
        assert scores.scored == evaluation.usage.requests == count

    began, before = time.perf_counter(), peak()
    with listening(to_log(lambda line: print(f"  {line}", file=sys.stderr), every=20)):
        asyncio.run(work())
    print(json.dumps({"peak": peak(), "before": before, "seconds": time.perf_counter() - began}))


def main(sizes: list[int]) -> None:
    """Every size in a process of its own, with the ratios to the first."""
    peaks: list[tuple[int, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as root:
            python = [sys.executable, "-m", "benchmarks.evaluation_memory"]
            subprocess.run([*python, "--rows", root, str(size)], check=True)
            done = subprocess.run([*python, "--one", root, str(size)], check=True, stdout=subprocess.PIPE)
        figures = json.loads(done.stdout)
        rows, held = peaks[-1] if peaks else (size, figures["peak"])
        peaks.append((size, figures["peak"]))
        print(
            f"{size:>9,} rows: peak {figures['peak']:4.0f} MB ({figures['before']:.0f} before), "
            f"{figures['peak'] / peaks[0][1]:.2f}x that of {sizes[0]:,} rows, "
            f"{(figures['peak'] - held) * 1024 / max(size - rows, 1):.3f} KB per row beyond {rows:,}, "
            f"{size / figures['seconds']:.0f} rows/s",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rows"]:
        write_rows(Workspace(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["--one"]:
        evaluate(sys.argv[2], int(sys.argv[3]))
    else:
        main([int(size) for size in sys.argv[1:]] or [10_000, 100_000, 300_000])
