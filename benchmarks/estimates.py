"""Estimate of the plan against what a run came to, line by line, at rehearsed prices.

Run by hand: `python -m benchmarks.estimates [ROWS] [DATASETS] [MODELS]`. Each dataset (support-intents, and those of a
folder beside the checkout, separated by commas) goes through the whole workflow on a platform of its own. Prints the
actual cost of each line over its estimate, and ends with 1 if a line is off by more than 10 % or a total by more than
5 %. A machine that is busy with other work answers more slowly than the plan assumes, and uses up the hours of a
deployment.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from benchmarks.dagster_dev import REPOSITORY, clean_environment

DATASETS = "support-intents,banking77,clinc150,goemotions,sms_spam"
MODELS = "char-ngram,minilm-ngram"
PRICES = {"inference-input": 0.2, "inference-output": 0.2, "training": 0.5, "deployment-hour": 8.0}
MAX_LINE, MAX_TOTAL = 0.10, 0.05
"""Shares by which a line and a total may differ from the estimate."""


def first_rows(dataset: str, rows: int) -> list[str]:
    """The first lines of a dataset; none where it is absent."""
    own = REPOSITORY / "examples" / f"{dataset}.jsonl"
    path = own if own.exists() else REPOSITORY.parent / "shared" / "data" / dataset / "train.jsonl"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return list(itertools.islice(lines, rows))


def report_of(folder: Path, dataset: str, lines: list[str], models: Sequence[str]) -> Mapping[str, Any]:
    """The report of the whole workflow on these rows."""
    (folder / f"{dataset}.jsonl").write_text("".join(lines), "utf-8")
    prices = [
        {"model": f"accounts/fireworks/models/{model}", "item": item, "unit": _unit(item), "usd": usd}
        for model in models
        for item, usd in PRICES.items()
    ]
    (folder / "prices.json").write_text(json.dumps({"prices": prices}), "utf-8")
    named = [argument for model in models for argument in ("--model", model)]
    command = [sys.executable, "-m", "fw_assets", "run", f"{dataset}.jsonl", *named, "--approve", "--yes"]
    done = subprocess.run(
        [*command, "--rehearse-prices", "prices.json"],
        cwd=folder,
        env=clean_environment(FW_WORKSPACE=str(folder / "workspace")),
        capture_output=True,
        text=True,
    )
    paths = list((folder / "workspace").glob("*/report.json"))
    if not paths:
        raise SystemExit(f"{dataset}: {done.stderr[-2000:]}")
    report: Mapping[str, Any] = json.loads(paths[0].read_text("utf-8"))
    return report


def _unit(item: str) -> str:
    return "hour" if item == "deployment-hour" else "1M tokens"


def compare(dataset: str, report: Mapping[str, Any]) -> Iterator[str]:
    """Print a dataset's costs; yields what is off by too much, and why a run did not end."""
    yield from (f"{dataset}: {reason}" for reason in report["incomplete"])
    cost = report["cost"]
    print(f"\n{dataset}")
    print(f"  {'line':<32}{'estimated $':>14}{'actual $':>14}{'ratio':>8}")
    lines = [(line["line"], line["estimated_usd"], line["actual_usd"], MAX_LINE) for line in cost["lines"]]
    for name, estimated, actual, allowed in (*lines, ("total", cost["estimated_usd"], cost["actual_usd"], MAX_TOTAL)):
        ratio = actual / estimated if estimated else 1.0 if not actual else float("inf")
        print(f"  {name:<32}{estimated:>14.4f}{actual:>14.4f}{ratio:>8.3f}")
        # Amounts of the report are rounded to a hundredth of a cent.
        if abs(ratio - 1) > allowed and abs(actual - estimated) > 1e-4:
            yield f"{dataset}: {name}: {ratio:.3f}"


def main() -> None:
    rows, datasets, models = positional(__doc__, rows=3_000, datasets=DATASETS, models=MODELS)
    wrong: list[str] = []
    for dataset in datasets.split(","):
        lines = first_rows(dataset, rows)
        if not lines:
            print(f"\n{dataset}: not beside the checkout")
            continue
        with tempfile.TemporaryDirectory(prefix="fw-assets-estimates-") as folder:
            wrong += compare(dataset, report_of(Path(folder), dataset, lines, models.split(",")))
    print(
        "\n" + ("\n".join(["off by too much:", *wrong]) if wrong else "every line within 10 %, every total within 5 %")
    )
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
