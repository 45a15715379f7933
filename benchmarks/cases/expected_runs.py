"""Expectations of the cases about runs and what becomes of them: evidence, gate, names, inbox, predictions."""

from __future__ import annotations

import json
import re

from benchmarks.cases.expectation import Case, Wanted
from benchmarks.cases.trial import Call, Trial

_FIGURE = r"[+−]?\d+(?:\.\d+)?"
_NOTHING = "nothing was deployed|is kept"


def _answers(call: Call, label: str, confidence: float) -> str | None:
    answer = json.loads(call.output)
    right = answer["labels"] == [label] and answer["confidence"] >= confidence
    return None if right else f"predicted {answer['labels']} with {answer['confidence']:.2f}"


def _same_answer(trial: Trial) -> str | None:
    _, before, _, after = trial.calls
    return _answers(before, "delivery", 0.95) or _answers(after, "delivery", 0.95)


def _one_majority(trial: Trial) -> str | None:
    report = trial.calls[0].written("final_report.md")
    shares = {match[1] for match in re.finditer(r"always (?:answering )?the most frequent label\D*?(\d+\.\d)%", report)}
    return None if len(shares) == 1 else f"shares of the most frequent label: {', '.join(sorted(shares))}"


def _consistent(trial: Trial) -> str | None:
    """The interval of the difference leaves out 0 where p is below 0.05, and only there."""
    report = trial.calls[0].written("final_report.md")
    interval = re.search(rf"95% interval ({_FIGURE}) to ({_FIGURE})", report)
    p_value = re.search(r"p ([=<]) ([\d.]+)", report)
    if interval is None or p_value is None:
        return "no interval or no p in the report"
    low, high = (float(figure.replace("−", "-")) for figure in interval.groups())
    chance = low <= 0 <= high
    return None if chance == (float(p_value[2]) >= 0.05) else f"{interval[0]} beside {p_value[0]}"


def _nothing_learned(trial: Trial) -> str | None:
    if "No such file" in trial.printed:
        return "the files with the rows that were sent are not where the commands look for them"
    return None if trial.printed.rstrip().endswith("\n0") else f"{trial.printed.rstrip().rsplit(None, 1)[-1]} rows sent"


def _system_message(trial: Trial) -> str | None:
    asked = '"content": "Give the team number' in trial.calls[0].written("final_report.md")
    return _answers(trial.calls[1], "3", 0.9) if asked else "no system message in the report's code"


RUNS = (
    Case(
        1,
        "9 distinct test texts count as 9; nothing deployed",
        [
            Wanted(
                says=["180 test rows, 9 distinct", _NOTHING], report=[r"p = 0\.\d+ \(.*9 distinct"], never=["p < 0.0"]
            )
        ],
    ),
    Case(
        2,
        "the deployed model answers until another plan is approved",
        [Wanted(), Wanted(says=["delivery"]), Wanted(labels=["it", "money", "shipping"]), Wanted(says=["delivery"])],
        _same_answer,
    ),
    Case(4, "a plan for 501 labels", [Wanted(labels=[f"L{n:04d}" for n in range(501)], rows=1503)]),
    Case(
        5,
        "a plan for 300 rows, 600 are left out",
        [Wanted(rows=300, says=["600 rows could not be used and are left out"])],
        lambda t: None if t.calls[0].written("rejected_rows.jsonl").count("\n") == 600 else "not 600 rejected rows",
    ),
    Case(
        6,
        "the kept base model is held against the baseline",
        [
            Wanted(
                says=["Is a language model needed\\? Yes. The base model char-ngram is ahead"], never=["No language mo"]
            )
        ],
    ),
    Case(
        7,
        "a model better than a base that always says one label is deployed",
        [Wanted(report=[r"\| Decision \| deployed"], says=["worse than always answering the most frequent label"])],
    ),
    Case(8, "one figure for the most frequent label", [Wanted(report=["most frequent label"])], _one_majority),
    Case(
        9,
        "a label without training rows is warned of",
        [Wanted(says=["cannot be learned, since all their training rows repeat evaluation rows.*account"])],
    ),
    Case(
        10,
        "a file put back is planned again and waits",
        [Wanted(says=["aba +waiting plan"])] * 3,
        daemon=True,
    ),
    Case(
        11,
        "two datasets with names of their own",
        [Wanted(), Wanted(), Wanted(says=["客服 +done.*情感 +waiting"]), Wanted(code=2, says=["no dataset 'dataset'"])],
    ),
    Case(
        12,
        "another file of a taken name is refused, the first stays",
        [
            Wanted(),
            Wanted(code=2, says=["name data-train is taken.*--name data-train-2"]),
            Wanted(says=["data-train +w"]),
        ],
    ),
    Case(
        13,
        "no plan without test or validation rows",
        [
            *[Wanted(code=2, says=["no test rows, so nothing can be measured"], never=["to say yes"])] * 2,
            Wanted(code=2, says=["no validation rows, so nothing can be chosen"], never=["to say yes"]),
        ],
    ),
    Case(
        25,
        "answers of weight 0 are left out and said",
        [Wanted(labels=["billing", "delivery", "technical"], says=["45 rows .*left out \\(weight-0"])],
        _nothing_learned,
    ),
    Case(
        28,
        "rows longer than the context are counted in plan and report",
        [
            Wanted(
                says=[r"(All|\d+ of( the)?) 450 rows .*longer than .*context of minilm-l6-v2 \(512 tokens\)"],
                plan=["longer than"],
                report=["longer than"],
            )
        ]
        * 2,
    ),
    Case(32, "predict sends the rows' system message", [Wanted(), Wanted()], _system_message),
    Case(35, "the interval agrees with p", [Wanted(report=["95% interval .* to [^ ]+"])], _consistent),
    Case(
        36,
        "8 test rows do not tell whether a language model is needed",
        [Wanted(says=["Is a language model needed\\? It cannot be told on 8 test rows"], never=["No language model"])],
        _one_majority,
    ),
    Case(
        37,
        "status says that a file failed and why",
        [Wanted(says=["bad16 +(failed|waiting)"])],
        daemon=True,
    ),
    Case(
        57,
        "markup in labels and texts is escaped",
        [Wanted(says=["<img src=x onerror=alert\\(1\\)>"])],
    ),
)
