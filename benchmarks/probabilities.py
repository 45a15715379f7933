"""What probabilities of all labels add to an evaluation: processor time and memory, with and without in turns.

    python -m benchmarks.probabilities [--models char-ngram,minilm-l6-v2] [--rows N] [--rounds N] [--sizes SMALL,LARGE]
                                       [--repeats N] [--kinds alternatives,decisions]

Time: rows are asked of an embedded platform in this process, judged, stored and scored; all of it counts. `char-ngram`
is the fastest model there is. Each round does both, in turns, over texts that no request before had. Memory: a
transport that answers at once, each size in a process of its own; what rows beyond the smaller size take at the most,
of Python's objects, as it traces them, and of the process, of which the least of several runs counts.

- `alternatives`: chats with 4 labels, whose tokens' alternatives are asked for, beside chats without.
- `decisions`: decisions over 150 labels, beside chats over the same labels without alternatives.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import polars as pl

from benchmarks.decision_requests import labels, texts
from benchmarks.evaluation_memory import peak
from fw_assets.classification.metrics.confidence import model_confidence
from fw_assets.classification.prompting.decision import decision_prompt
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.embedded import api_key, create_app
from fw_assets.fireworks import Fireworks
from fw_assets.fireworks._transport import BufferedTransport, Method
from fw_assets.pipeline.evaluation.candidate.stored_predictions import store_and_score
from fw_assets.pipeline.evaluation.online import InferenceResult, alternatives_needed, send_all
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, prediction_batches, prediction_path
from fw_assets.workspace.workspace import Workspace

Way = Literal["without", "with"]
WAYS: tuple[Way, ...] = ("without", "with")
KINDS = {"alternatives": ("billing", "technical", "account", "sales"), "decisions": labels(150)}


def prompt_of(kind: str, way: Way) -> Prompt:
    names = KINDS[kind]
    prompt = Prompt(
        system="Answer with exactly one of these labels:\n" + "\n".join(f"- {label}" for label in names),
        labels=names,
        answers=names,
        mode="grammar",
        json_key=None,
        multi_label=False,
        max_tokens=40,
    )
    return decision_prompt(prompt) if (kind, way) == ("decisions", "with") else prompt


def rows(asked: list[str], names: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"test:{number + 1}" for number in range(len(asked))],
            "messages": [json.dumps([{"role": "user", "content": text}]) for text in asked],
            "labels": [[names[number % len(names)]] for number in range(len(asked))],
            "split": ["test"] * len(asked),
            "group": pl.Series(range(len(asked)), dtype=pl.UInt32),
        }
    )


async def evaluate(
    client: Fireworks, store: Workspace, kind: str, way: Way, batches: Batches, name: str, model: str
) -> None:
    """Rows asked, judged, stored and scored, and their confidence judged."""
    prompt = prompt_of(kind, way)
    cache = ResponseCache(store, name, model, prompt.digest)
    requests = RequestSet(prompt, batches, cache)
    alternatives = alternatives_needed(prompt) if (kind, way) == ("alternatives", "with") else 0
    await send_all(
        *(client, model, prompt, requests, cache),
        what=name,
        count_tokens=lambda prompt, completion: None,
        alternatives=alternatives,
    )
    result = InferenceResult(requests, requests.usage, requests.total)
    of = (name, "m", "base", "test")
    scores = store_and_score(store, prediction_path(*of), result.prediction_batches(), prompt.labels, False)
    judged = prediction_batches(store, *of, CONFIDENCE_COLUMNS)
    model_confidence(judged, judged, 0.9)
    assert scores.scored == requests.total
    stored = store.scan_frame(*prediction_path(*of)).collect_schema()
    assert ("probabilities" in stored) == (way == "with")


async def times(kind: str, model: str, rounds: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "platform"
        app = create_app(home)
        store = Workspace(str(Path(folder) / "workspace"))
        taken: dict[Way, list[float]] = {"without": [], "with": []}
        transport, address = httpx.ASGITransport(app), f"accounts/fireworks/models/{model}"
        async with Fireworks(base_url="http://e", api_key=api_key(home), transport=transport) as client:
            for turn in range(-1, rounds):
                for place, way in enumerate(WAYS[:: 1 if turn % 2 else -1]):
                    frame = rows(texts(size, 2 * turn + place), KINDS[kind])
                    started = time.process_time()
                    await evaluate(client, store, kind, way, Batches(frame.lazy()), f"{way}{turn + 1}", address)
                    if turn >= 0:  # the first one loads the model
                        taken[way].append((time.process_time() - started) / size)
    low, middle, high = statistics.quantiles(
        [after / before for before, after in zip(taken["without"], taken["with"], strict=True)], n=4
    )
    # Other work on the machine adds to some rounds of either way: their sums differ by what probabilities take.
    without, told = (1000 * statistics.mean(taken[way]) for way in WAYS)
    print(
        f"{kind:13} {model}: {without:.2f} ms a row without, {told:.2f} ms with, ratio {told / without:.3f} of "
        f"{rounds} rounds; within rounds {middle:.3f} ({low:.3f} to {high:.3f})",
        flush=True,
    )


class Instant(BufferedTransport):
    """Answers at once, with probabilities where the request asks for them."""

    async def send(
        self, method: Method, url: str, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        body = msgspec.json.decode(data or b"")
        if "questions" in body:
            names = list(body["questions"]["label"]["criteria"])
            pick = random.Random(body["state"])
            weights = [pick.random() ** 4 for _ in names]
            total = sum(weights)
            found = {label: weight / total for label, weight in zip(names, weights, strict=True)}
            answer = {"type": "choice", "choice": names[0], "confidence": 0.5, "probabilities": found}
            usage = {"input_tokens": 30, "output_tokens": 0, "cached_input_tokens": 0}
            return 200, {}, msgspec.json.encode({"model": "m", "answers": {"label": answer}, "usage": usage})
        text = body["messages"][-1]["content"]
        pick = random.Random(text)
        names = [line[2:] for line in body["messages"][0]["content"].split("\n") if line.startswith("- ")]
        label = pick.choice(names)
        token: dict[str, object] = {"token": label, "logprob": -pick.random()}
        if body.get("top_logprobs"):
            others = [{"token": name, "logprob": -2 - pick.random()} for name in names if name != label]
            token["top_logprobs"] = [{"token": label, "logprob": token["logprob"]}, *others]
        message = {"role": "assistant", "content": label}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": [token]}}
        usage = {"prompt_tokens": 30, "completion_tokens": 1, "total_tokens": 31}
        return 200, {}, msgspec.json.encode({"id": "x", "choices": [choice], "usage": usage})


def write_rows(store: Workspace, kind: str, count: int) -> None:
    """The rows in pieces, so that making them does not count."""
    folder = Path(store.root) / "pieces"
    folder.mkdir()
    for start in range(0, count, 10_000):
        asked = [f"{text} {start + at}" for at, text in enumerate(texts(min(10_000, count - start), start))]
        frame = rows(asked, KINDS[kind]).with_columns(
            id=pl.format("test:{}", pl.int_range(start, start + len(asked))),
            group=pl.int_range(start, start + len(asked), dtype=pl.UInt32),
        )
        frame.write_parquet(folder / f"{start:09d}.parquet")
    assets = Path(store.root) / "tickets" / "assets"
    assets.mkdir(parents=True)
    pl.scan_parquet(folder / "*.parquet").sink_parquet(assets / "label_set.parquet")


def evaluate_alone(root: str, kind: str, way: Way, *, traced: bool) -> None:
    """One evaluation in this process; prints the most memory that it held, in MB: all, or if `traced` Python's own."""
    store = Workspace(root)
    batches = Batches(store.scan_frame("tickets", "assets", "label_set.parquet"), pl.col("split") == "test")

    async def work() -> None:
        async with Fireworks(base_url="http://host", api_key="k", account_id="acme", transport=Instant()) as client:
            await evaluate(client, store, kind, way, batches, f"tickets-{way}", "m")

    if traced:
        tracemalloc.start()
    asyncio.run(work())
    print(tracemalloc.get_traced_memory()[1] / 2**20 if traced else peak())


def memory(kind: str, small: int, large: int, repeats: int, *, traced: bool) -> None:
    """The least of several runs: threads and the allocator add to a peak, and take nothing from it."""
    held: dict[tuple[Way, int], float] = {}
    for size in (small, large):
        for way in WAYS:
            held[way, size] = min(_alone(kind, way, size, traced=traced) for _ in range(1 if traced else repeats))
    without, told = ((held[way, large] - held[way, small]) * 2**20 / (large - small) for way in WAYS)
    peaks = ", ".join(f"{way} {held[way, large]:.0f} MB" for way in WAYS)
    print(
        f"{kind:13} {'objects' if traced else 'process'}: bytes a row beyond {small:,} up to {large:,}: "
        f"{without:.0f} without, {told:.0f} with, {told - without:+.0f} ({peaks})",
        flush=True,
    )


def _alone(kind: str, way: Way, size: int, *, traced: bool) -> float:
    # A workspace of its own: what an earlier run answered is not asked again.
    with tempfile.TemporaryDirectory() as root:
        write_rows(Workspace(root), kind, size)
        command = [sys.executable, "-m", "benchmarks.probabilities", "--one", root, kind, way, str(int(traced))]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        root, kind, way, trace = sys.argv[2:]
        evaluate_alone(root, kind, "with" if way == "with" else "without", traced=trace == "1")
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="char-ngram,minilm-l6-v2")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--sizes", default="20000,100000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(KINDS))
    arguments = parser.parse_args()
    small, large = map(int, arguments.sizes.split(","))
    for kind in arguments.kinds.split(","):
        for model in arguments.models.split(",") if arguments.rounds > 1 else ():
            asyncio.run(times(kind, model, arguments.rounds, arguments.rows))
        if large:
            for traced in (True, False):
                memory(kind, small, large, arguments.repeats, traced=traced)


if __name__ == "__main__":
    main()
