"""Whole runs on datasets that mislead: what the report says of each, and whether it is what should be said.

Run by hand: `python -m benchmarks.audit_sets [SET]` (default all). Each set is made of examples/support-intents.jsonl
and run as `fw-assets run SET --model char-ngram --approve --yes` in a workspace of its own, about half a minute each:

    augmented     400 texts and three one-word variants of each, without a group column
    grouped       the same rows with the original as `conversation_id`; the figures of both are within 2 points
    duplicates    120 texts eight times each: as many distinct rows as texts
    trap          2.5 % of the rows have the label of interest: always answering the other one is right on 97.5 %
    tiny          14 rows, with a larger validation part, without which the plan refuses them: nothing can be told
    ties          the label is said in the text: no model is better than the one that needs no tuning
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.arguments import positional
from benchmarks.augmented_copies import augmented
from benchmarks.dagster_dev import REPOSITORY, clean_environment
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.report.formatting import percent, rows_text
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.caveats import caveats

TEXTS, COPIES, TINY = 120, 8, 14
TRAP_ROWS, TRAP_SHARE = 800, 0.025


class Row(NamedTuple):
    """A text, its label, and the conversation that it is of, if the dataset says so."""

    text: str
    label: str
    conversation: str | None = None


class Outcome(NamedTuple):
    """What a set led to."""

    report: Report
    expected: bool
    why: str


def example_rows() -> list[Row]:
    """The rows of the example, in an order that is drawn."""
    frame = read_rows(REPOSITORY / "examples" / "support-intents.jsonl", source="train").frame
    rows = [Row(text, label) for text, label in zip(frame["text"], frame["answer"], strict=True)]
    random.Random(1).shuffle(rows)
    return rows


def augmented_rows(*, grouped: bool) -> list[Row]:
    rows = example_rows()
    texts, labels, originals = augmented([row.text for row in rows], [row.label for row in rows], random.Random(2))
    names = [f"original {number}" if grouped else None for number in originals]
    return [Row(*row) for row in zip(texts, labels, names, strict=True)]


def trap_rows() -> list[Row]:
    rows = [row._replace(label="urgent" if row.label == "technical" else "routine") for row in example_rows()]
    rare = round(TRAP_ROWS * TRAP_SHARE)
    urgent = [row for row in rows if row.label == "urgent"][:rare]
    routine = [row for row in rows if row.label == "routine"]
    # The example has too few of them: every text once more with an opening of its own.
    routine += [row._replace(text=f"Hello. {row.text}") for row in routine]
    return [*urgent, *routine[: TRAP_ROWS - rare]]


SETS: dict[str, Callable[[], list[Row]]] = {
    "augmented": lambda: augmented_rows(grouped=False),
    "grouped": lambda: augmented_rows(grouped=True),
    "duplicates": lambda: [row for row in example_rows()[:TEXTS] for _ in range(COPIES)],
    "trap": trap_rows,
    "tiny": lambda: example_rows()[:TINY],
    "ties": lambda: [row._replace(text=f"{row.label} {row.label}: {row.text}") for row in example_rows()[:400]],
}

OPTIONS = {"tiny": ("--validation-fraction", "0.5")}


def run(folder: Path, name: str, rows: Sequence[Row]) -> Report:
    """The report of a whole run in a new workspace.

    Raises:
        RuntimeError: the command failed; with its last lines.
    """
    data = folder / f"{name}.jsonl"
    with data.open("w", encoding="utf-8") as file:
        for row in rows:
            turns = [{"role": "user", "content": row.text}, {"role": "assistant", "content": row.label}]
            group = {} if row.conversation is None else {"conversation_id": row.conversation}
            file.write(json.dumps({"messages": turns, **group}, ensure_ascii=False) + "\n")
    command = [sys.executable, "-m", "fw_assets", "run", str(data), "--model", "char-ngram", "--approve", "--yes"]
    command += OPTIONS.get(name, ())
    workspace = folder / f"{name} workspace"
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(FW_WORKSPACE=str(workspace)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    written = workspace / name / "report.json"
    if not written.exists():
        raise RuntimeError(f"{name}: exit {done.returncode}: {' | '.join(done.stderr.strip().splitlines()[-3:])}")
    return Report.model_validate_json(written.read_text("utf-8"))


def accuracy(report: Report) -> float:
    """The headline figure: of the fine-tuned model, or of the base where nothing was tuned."""
    candidate = report.candidates[0]
    result = candidate.tuned or candidate.base
    return result.accuracy if result else float("nan")


def judged(name: str, report: Report, others: dict[str, Outcome]) -> Outcome:
    """The report, and whether it says what the set is made to find out."""
    verdict = report.choice.verdict if report.choice else None
    rows, groups = report.rows.test, report.groups.test if report.groups else report.rows.test
    notes = caveats(report)
    match name:
        case "grouped" if "augmented" in others:
            gap = abs(accuracy(report) - accuracy(others["augmented"].report))
            return Outcome(report, gap <= 0.02, f"{100 * gap:.1f} points from the figure without the column")
        case "augmented" | "grouped" | "duplicates":
            return Outcome(report, 2 * groups < rows, f"{rows_text(rows, groups)}")
        case "trap":
            said = [note for note in notes if "always answering the most frequent label" in note]
            return Outcome(report, bool(said), "the majority is named" if said else "the majority is not named")
        case "tiny":
            few = [note for note in notes if note.startswith("Only ")]
            return Outcome(report, verdict in ("cannot be told", None) and bool(few), f"{verdict}; {len(few)} cautions")
        case _:
            return Outcome(report, verdict != "better", f"{verdict}; {report.deployment.decision}")


def said(name: str, outcome: Outcome, seconds: float) -> Iterator[str]:
    """The lines of a set: figures, verdict, cautions."""
    report = outcome.report
    candidate = report.candidates[0]
    base, tuned = (percent(item.accuracy) if item else "-" for item in (candidate.base, candidate.tuned))
    where = rows_text(report.rows.test, report.groups.test if report.groups else None)
    mark = "as it should be" if outcome.expected else "NOT AS IT SHOULD BE"
    yield f"{name}: base {base}, fine-tuned {tuned} on {where}; {mark}: {outcome.why} ({seconds:.0f} s)"
    yield f"    {report.answer}"
    for note in caveats(report):
        yield f"    Careful: {note}"


def main(name: str) -> None:
    """Run the sets, and print what their reports say."""
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="fw-audit-") as folder:
        for each in SETS if name == "all" else [name]:
            started = time.monotonic()
            outcomes[each] = judged(each, run(Path(folder), each, SETS[each]()), outcomes)
            print("\n".join(said(each, outcomes[each], time.monotonic() - started)), flush=True)
    wrong = [each for each, outcome in outcomes.items() if not outcome.expected]
    print(
        f"{len(outcomes) - len(wrong)} of {len(outcomes)} as they should be{': not ' * bool(wrong)}{', '.join(wrong)}"
    )


if __name__ == "__main__":
    main(*positional(__doc__, set="all"))
