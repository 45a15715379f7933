"""Where a row's label lies: its ground truth, or a place in the final answer that all rows share."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.labels import extraction_rules
from fw_assets.classification.labels.extraction_rules import Rule, read
from fw_assets.classification.labels.rule_ranking import (
    RULES,
    SAMPLE,
    UNFORMATTED,
    RuleScore,
    mixed_formats,
    rule_name,
    score_rules,
)
from fw_assets.classification.values import Frozen

EXAMPLES = 10
EXCERPT = 120
MIN_COVERAGE = 0.9
"""A rule is good enough when it reads this share of what the best one reads."""
AGREEMENT = 0.99
"""Share of rows whose answer must say their ground truth for the answer's format to be kept."""


class Example(Frozen):
    """Excerpts of a row, and the labels found in it, joined by ", "."""

    input: str
    answer: str
    """Empty where there is none and the ground truth serves."""
    label: str


class Extraction(Frozen):
    """The chosen rule."""

    rule: Rule
    key: str | None = None
    coverage: float
    """Share of the rows that get a label."""
    ground_truth_rows: int
    """Rows whose label is their `ground_truth`; the rule is for the others."""
    forced: bool = False
    score: RuleScore | None = None
    """The chosen rule's own; none where only the ground truth serves."""
    runners_up: tuple[RuleScore, ...] = ()
    mixed: tuple[RuleScore, ...] = ()
    """Formats that only some of the answers have, around labels that other answers give otherwise."""
    examples: tuple[Example, ...] = ()
    """One a label first, at most `EXAMPLES`."""

    def render(self, labels: Sequence[str], original: str | None = None, multi_label: bool = False) -> str:
        """The training target that says `labels` in the user's answer format; see `answer_formats.render`."""
        return extraction_rules.render(self.rule, self.key, labels, original, multi_label)

    @property
    def name(self) -> str:
        """The form in which it can be forced."""
        return rule_name(self.rule, self.key)


def choose_extraction(frame: pl.DataFrame, forced: str | None = None) -> Extraction:
    """The rule that reads the labels of an inspected frame.

    Rows with a `ground_truth` need none. Among the rules that read nearly as many answers as the best one
    and find labels that repeat (two rows a label on average), the first in the order of `RULES` wins, and
    among its keys the one called most like a label. Where all rows have a ground truth that their answers
    repeat inside a structured format, that format's rule is chosen, so that training keeps it.

    Args:
        forced: a rule, with its key after a colon if it has one (`json_key:intent`), or None.

    Raises:
        InputError: the forced rule does not exist or reads nothing; no rule reads anything.
    """
    without = frame.filter(pl.col("ground_truth").is_null())
    truths = frame.height - without.height
    if forced is not None:
        return _forced(frame, without, truths, forced)
    if not without.height:
        return _agreeing(frame, truths) or _described(frame, "ground_truth", None, (), truths)
    sample = _sample(without["answer"].drop_nulls())
    scores = score_rules(sample)
    if not scores:
        problem = Problem(kind="no-label", message="no rule finds a label in the final assistant messages")
        raise InputError([problem], advice="Give each row a `ground_truth`, or force an extraction rule.")
    best = _preferred(scores)
    others = tuple(score for score in sorted(scores, key=lambda s: -s.score) if score != best)
    described = _described(frame, best.rule, best.key, others[:5], truths)
    return described.model_copy(update={"score": best, "mixed": mixed_formats(sample, best, others)})


def extract(frame: pl.DataFrame, extraction: Extraction) -> pl.Series:
    """Every row's labels as the rule reads them (`List(String)`, null where it reads none), unresolved."""
    answers = frame["answer"]
    if extraction.rule == "ground_truth":
        found = pl.Series("labels", [None], dtype=pl.List(pl.String)).extend_constant(None, max(0, frame.height - 1))
        found = found.head(frame.height)
    else:
        # Answers repeat, so each distinct one is read once.
        distinct = answers.unique().drop_nulls()
        table = pl.DataFrame(
            {
                "answer": distinct,
                "labels": [read(answer, extraction.rule, extraction.key) for answer in distinct],
            },
            schema={"answer": pl.String, "labels": pl.List(pl.String)},
        )
        joined = pl.DataFrame({"answer": answers}).join(table, on="answer", how="left", maintain_order="left")
        found = joined["labels"]
    merged = pl.DataFrame({"truth": frame["ground_truth"], "found": found})
    return merged.select(
        pl.coalesce("truth", "found").list.eval(pl.element().str.strip_chars()).alias("labels")
    ).to_series()


def _preferred(scores: list[RuleScore]) -> RuleScore:
    most = max(score.coverage for score in scores)
    read_enough = [score for score in scores if score.coverage >= MIN_COVERAGE * most]
    repeating = [score for score in read_enough if score.repeats]
    if repeating:
        return repeating[0]
    return max(read_enough, key=lambda score: (score.labels > 1, score.score))


def _agreeing(frame: pl.DataFrame, truths: int) -> Extraction | None:
    """A structured rule that reads each row's ground truth in its answer."""
    rows = frame.filter(pl.col("answer").is_not_null())
    if rows.height < MIN_COVERAGE * frame.height:
        return None
    sample = rows.gather_every(max(1, rows.height // SAMPLE))
    for score in score_rules(sample["answer"].to_list()):
        if score.rule in UNFORMATTED or score.coverage < AGREEMENT:
            continue
        agree = sum(
            set(read(answer, score.rule, score.key) or ()) == set(truth)
            for answer, truth in sample.select("answer", "ground_truth").iter_rows()
        )
        if agree >= AGREEMENT * sample.height:
            return _described(frame, score.rule, score.key, (), truths).model_copy(update={"score": score})
    return None


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _forced(frame: pl.DataFrame, without: pl.DataFrame, truths: int, forced: str) -> Extraction:
    name, _, key = forced.partition(":")
    if name not in (*RULES, "ground_truth"):
        message = f"{forced!r} is no extraction rule, expected one of ground_truth, {', '.join(RULES)}"
        raise InputError([Problem(kind="extraction", field="extraction", message=message)])
    rule: Rule = name
    scores = score_rules(_sample(without["answer"].drop_nulls())) if without.height else []
    fitting = [score for score in scores if score.rule == rule and key in ("", score.key)]
    if without.height and not fitting:
        seen = ", ".join(score.name for score in scores) or "none"
        message = f"the rule {forced!r} reads no label in the final assistant messages; those that do: {seen}"
        raise InputError([Problem(kind="extraction", field="extraction", message=message)])
    chosen = fitting[0].key if fitting else (key or None)
    others = tuple(score for score in sorted(scores, key=lambda s: -s.score) if score not in fitting[:1])
    described = _described(frame, rule, chosen, others[:5], truths, forced=True)
    return described.model_copy(update={"score": fitting[0] if fitting else None})


def _described(
    frame: pl.DataFrame,
    rule: Rule,
    key: str | None,
    others: tuple[RuleScore, ...],
    truths: int,
    *,
    forced: bool = False,
) -> Extraction:
    bare = Extraction(rule=rule, key=key, coverage=0.0, ground_truth_rows=truths)
    labels = extract(frame, bare)
    # The input may be kept of some rows only.
    shown = frame.select("text", "answer").with_columns(labels.alias("labels"))
    shown = shown.filter(pl.col("labels").is_not_null(), pl.col("text").is_not_null())
    first = pl.col("labels").is_first_distinct()
    shown = pl.concat([shown.filter(first).head(EXAMPLES), shown.filter(~first).head(EXAMPLES)]).head(EXAMPLES)
    examples = tuple(
        Example(input=_excerpt(text), answer=_excerpt(answer or ""), label=", ".join(found))
        for text, answer, found in shown.iter_rows()
    )
    coverage = 1 - labels.null_count() / max(1, frame.height)
    return bare.model_copy(update={"coverage": coverage, "runners_up": others, "examples": examples, "forced": forced})


def _sample(answers: pl.Series) -> list[str]:
    return answers.gather_every(max(1, len(answers) // SAMPLE)).to_list()
