"""Free models beside each other: accuracy, macro-F1, the time to train, and the time for one row.

Run as `python -m benchmarks.free_models FOLDER...`, each with `train.jsonl` and `test.jsonl` of chat rows.

Nine tenths of the training rows are learned from; the last tenth chooses the penalty. `train` is without the
embeddings, which `embed` is, of all rows and without a cache but that of this process. One row: the median and the 95th
percentile of 100 test rows by themselves, with their embedding.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.baselines.baselines import BASELINES, fit_baseline
from fw_assets.classification.baselines.encoder import fit_encoder
from fw_assets.classification.baselines.predictor import row_texts
from fw_assets.classification.metrics.latency import latency
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.embedded import embed_sentences
from fw_assets.report.formatting import latency_text

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
_TIMED_ROWS = 100


def read(path: Path) -> pl.DataFrame:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    labels = [row.get("ground_truth") or row["messages"][-1]["content"].split(", ") for row in rows]
    return pl.DataFrame(
        {
            "id": [str(number) for number in range(len(rows))],
            "messages": [json.dumps(row["messages"]) for row in rows],
            "labels": labels,
            "group": pl.Series(range(len(rows)), dtype=pl.UInt32),
        }
    )


def measure(folder: Path, embed: Embed, anew: Embed) -> None:
    rows, test = read(folder / "train.jsonl"), read(folder / "test.jsonl")
    order = random.Random(1).sample(range(rows.height), rows.height)
    validation, train = rows[order[: rows.height // 10]], rows[order[rows.height // 10 :]]
    labels = tuple(sorted({label for row in rows["labels"] for label in row}))
    multi_label = rows["labels"].list.len().max() != 1
    prompt = Prompt(
        system=None,
        labels=labels,
        answers=None if multi_label else labels,
        mode="json_schema" if multi_label else "grammar",
        json_key="labels" if multi_label else None,
        multi_label=multi_label,
        max_tokens=64,
    )
    for name in (*BASELINES, None):
        embedding = "–"
        if name is None:
            started = time.perf_counter()
            embed([text for part in (rows, test) for text in row_texts(part)])
            embedding = f"{time.perf_counter() - started:.1f} s"
        started = time.perf_counter()
        if name is None:
            model = fit_encoder(prompt, train, validation, embed)
            predict, alone = (model.baseline(prompt, how) for how in (embed, anew))
        else:
            predict = alone = fit_baseline(name, prompt, train, 0)
        trained = time.perf_counter() - started
        scores = score(predict(test), labels, bool(multi_label))
        seconds = []
        for row in test.head(_TIMED_ROWS).iter_slices(1):
            started = time.perf_counter()
            alone(row)
            seconds.append(time.perf_counter() - started)
        print(
            f"| {folder.name} | {name or 'encoder'} | {scores.headline.value:.1%} | {scores.macro_f1 or 0:.3f} "
            f"| {embedding} | {trained:.1f} s | {latency_text(latency(seconds))} |",
            flush=True,
        )


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    print("| dataset | model | right | macro-F1 | embed | train | one row, p50, p95 |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for dataset in sys.argv[1:]:
            embed = partial(embed_sentences, cache=cache)
            measure(Path(dataset), embed, partial(embed, anew=True))


if __name__ == "__main__":
    main()
