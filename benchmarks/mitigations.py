"""What each answer to imbalance does to the rare labels: the tables of docs/imbalance.md, measured again.

Run as `python -m benchmarks.mitigations TRAIN.jsonl TEST.jsonl`; `--help` names the options. Every
mitigation that the plan offers is taken end to end by `fw-assets run` on the embedded platform, in processes of their
own, with the test file as evaluation dataset. `--rows` measures a sample of the training rows, since the whole of
goemotions takes four minutes a mitigation on a free core.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.dagster_dev import clean_environment

MODEL = "char-ngram"
SHOWN = 6
MITIGATIONS = ("none", "rebalance", "weight", "drop-rare")
AVERAGES = (("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("micro-F1", "micro_f1"))


def run(folder: Path, train: Path, test: Path, mitigation: str, threshold: float) -> dict[str, Any]:
    """One run of the whole workflow; its report."""
    name = f"measured-{mitigation}"
    command = [sys.executable, "-m", "fw_assets", "run", str(train), "--eval-dataset", str(test), "--name", name]
    command += ["--model", MODEL, "--mitigation", mitigation, "--imbalance-threshold", str(threshold)]
    command += ["--deploy", "never", "--approve", "--yes", "--json"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(FW_WORKSPACE=str(folder / "workspace")),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def planned(folder: Path) -> dict[str, Any]:
    """The plan of the run without a mitigation, which says what each of the others would do."""
    plan: dict[str, Any] = json.loads((folder / "workspace" / "measured-none" / "plan.json").read_text("utf-8"))
    return plan


def sample(train: Path, rows: int | None, folder: Path) -> Path:
    """The file itself, or `rows` of its lines in their order."""
    if rows is None:
        return train
    lines = train.read_bytes().splitlines(keepends=True)
    sampled = sorted(random.Random(1).sample(range(len(lines)), min(rows, len(lines))))
    out = folder / "train.jsonl"
    out.write_bytes(b"".join(lines[index] for index in sampled))
    return out


def rendered(counts: dict[str, int], reports: dict[str, dict[str, Any]]) -> str:
    """The Markdown table: recall and F1 of the rarest labels, then the averages, a column a mitigation."""
    tuned = {name: report["candidates"][0]["tuned"] for name, report in reports.items()}
    rarest = sorted(counts, key=lambda label: (counts[label], label))[:SHOWN]
    lines = ["| recall / F1 of | test rows | " + " | ".join(f"`{name}`" for name in tuned) + " |"]
    lines.append("|---|--:|" + "--:|" * len(tuned))
    for label in rarest:
        scores = [result["per_label"][label] for result in tuned.values()]
        cells = [f"{item['accuracy']:.0%} / {item['f1'] or 0:.2f}" for item in scores]
        lines.append(f"| {label} | {scores[0]['support']:,} | " + " | ".join(cells) + " |")
    for title, key in AVERAGES:
        values = [
            (result["multi_label"] or result if key == "micro_f1" else result).get(key) for result in tuned.values()
        ]
        if None not in values:
            shape = ".1%" if key == "accuracy" else ".3f"
            lines.append(f"| {title} | | " + " | ".join(format(value, shape) for value in values) + " |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--threshold", type=float, default=50.0)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--folder", type=Path, help="Kept, so that what was measured can be looked at.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        train = sample(options.train.resolve(), options.rows, folder)
        reports: dict[str, dict[str, Any]] = {}
        offered = list(MITIGATIONS[:1])
        while offered:
            name = offered.pop(0)
            reports[name] = run(folder, train, options.test.resolve(), name, options.threshold)
            if name == "none":
                offered = [item["name"] for item in planned(folder)["mitigations"] if item["name"] != "none"]
        plan = planned(folder)
        counts = {item["label"]: item["train"] for item in plan["label_set"]["counts"]}
        ratio = plan["label_set"]["imbalance"]["ratio"]
        print(
            f"{len(counts)} labels, ratio {ratio:.1f}, threshold {options.threshold:g}; "
            f"{plan['rows']['train']:,} training, {plan['rows']['test']:,} test rows\n"
        )
        print(rendered(counts, reports))


if __name__ == "__main__":
    main(sys.argv[1:])
