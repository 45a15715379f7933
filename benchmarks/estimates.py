"""Estimate of the plan against what a run came to, line by line, at rehearsed prices.

Run by hand: `python -m benchmarks.estimates [ROWS] [DATASETS] [MODELS] [TOKENIZER] [FAMILY]`. Each dataset
(support-intents, those of a folder beside the checkout, and made ones in Chinese, Hindi and Arabic, of code and of
JSON, separated by commas) goes through the whole workflow on a platform of its own. Prints the actual cost of each line
over its estimate, and ends with 1 if a line is off by more than 10 % or a total by more than 5 %. A machine that is
busy with other work answers more slowly than the plan assumes, and uses up the hours of a deployment.

The embedded platform's rule is at hand for a plan, so its tokens are exact. With TOKENIZER, the `tokenizer.json` of a
byte-pair vocabulary, the lines that tokens make are shown too: as the plan estimates them for FAMILY, a model of the
hosted service, beside what that vocabulary counts in the same rows.
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
from benchmarks.multilingual import labelled_texts
from benchmarks.token_lines import TokenLine, token_lines
from fw_assets.classification.cost.prices import Item
from fw_assets.workspace.workspace import Workspace

MADE = ("chinese", "hindi", "arabic", "code", "json")
DATASETS = ",".join(("support-intents", "banking77", "clinc150", "goemotions", "sms_spam", *MADE))
FAMILY = "accounts/fireworks/models/qwen3-8b"
MADE_ROWS = 400
MODELS = "char-ngram,minilm-ngram"
PRICES = {"inference-input": 0.2, "inference-output": 0.2, "training": 0.5, "deployment-hour": 8.0}
MAX_LINE, MAX_TOTAL = 0.10, 0.05
"""Shares by which a line and a total may differ from the estimate."""


def first_rows(dataset: str, rows: int) -> list[str]:
    """The first lines of a dataset; none where it is absent."""
    if dataset in MADE:
        turns = [
            [{"role": "user", "content": text}, {"role": "assistant", "content": label}]
            for text, label in labelled_texts(dataset, min(rows, MADE_ROWS))
        ]
        return [json.dumps({"messages": messages}, ensure_ascii=False) + "\n" for messages in turns]
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
    lines = [TokenLine(line["line"], line["estimated_usd"], line["actual_usd"]) for line in cost["lines"]]
    yield from show(dataset, [*lines, TokenLine("total", cost["estimated_usd"], cost["actual_usd"])])


def compare_tokens(folder: Path, dataset: str, tokenizer: Path, family: str) -> Iterator[str]:
    """Print the lines that tokens make, as the vocabulary counts them; yields what is off by too much."""
    store = Workspace(str(folder / "workspace"))
    prices: dict[Item, float] = {
        "inference-input": PRICES["inference-input"],
        "inference-output": PRICES["inference-output"],
        "tuned-inference-input": PRICES["inference-input"],
        "tuned-inference-output": PRICES["inference-output"],
        "training": PRICES["training"],
    }
    name = next(path.name for path in (folder / "workspace").iterdir() if (path / "report.json").exists())
    lines = list(token_lines(store, name, tokenizer, family, prices))
    total = TokenLine("total", sum(line.estimated for line in lines), sum(line.actual for line in lines))
    yield from show(f"{dataset}, by {tokenizer.stem} for {family.rsplit('/', 1)[-1]}", [*lines, total])


def show(title: str, lines: Sequence[TokenLine]) -> Iterator[str]:
    """Print lines, of which the last is the total; yields those that are off by too much."""
    print(f"\n{title}")
    print(f"  {'line':<32}{'estimated $':>14}{'actual $':>14}{'ratio':>8}")
    for key, estimated, actual in lines:
        ratio = actual / estimated if estimated else 1.0 if not actual else float("inf")
        print(f"  {key:<32}{estimated:>14.4f}{actual:>14.4f}{ratio:>8.3f}", flush=True)
        # Amounts of the report are rounded to a hundredth of a cent.
        if abs(ratio - 1) > (MAX_TOTAL if key == "total" else MAX_LINE) and abs(actual - estimated) > 1e-4:
            yield f"{title}: {key}: {ratio:.3f}"


def main() -> None:
    rows, datasets, models, tokenizer, family = positional(
        __doc__, rows=3_000, datasets=DATASETS, models=MODELS, tokenizer="", family=FAMILY
    )
    wrong: list[str] = []
    for dataset in datasets.split(","):
        lines = first_rows(dataset, rows)
        if not lines:
            print(f"\n{dataset}: not beside the checkout")
            continue
        with tempfile.TemporaryDirectory(prefix="fw-assets-estimates-") as folder:
            wrong += compare(dataset, report_of(Path(folder), dataset, lines, models.split(",")))
            if tokenizer:
                wrong += compare_tokens(Path(folder), dataset, Path(tokenizer), family)
    print(
        "\n" + ("\n".join(["off by too much:", *wrong]) if wrong else "every line within 10 %, every total within 5 %")
    )
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
