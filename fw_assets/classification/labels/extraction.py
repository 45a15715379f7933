"""Label extraction: each row's `ground_truth`, or the place in the final answer that all rows share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from fw_assets.classification.errors import input_error
from fw_assets.classification.labels.extraction_rules import GROUND_TRUTH, RULES, find_labels
from fw_assets.classification.labels.json_rules import is_flat
from fw_assets.classification.labels.rule_ranking import SAMPLE, RuleScore, mixed_formats, rule_name, score_rules
from fw_assets.classification.session import MAX_LABEL
from fw_assets.classification.spelling.label_lists import read_literal
from fw_assets.classification.spelling.label_text import spelling_key
from fw_assets.classification.values import Frozen

MAX_EXAMPLES = 10
MAX_EXCERPT = 120
MAX_RUNNERS_UP = 5
MIN_COVERAGE = 0.9
"""A rule is good enough when it matches this share of what the best one matches."""
MIN_AGREEMENT = 0.99
"""Share of rows whose answer must state their ground truth for the answer's format to be kept."""


class Example(Frozen):
    """Excerpts of a row, and the labels found in it, joined by ", "."""

    input: str
    answer: str
    """Empty for a row that has a ground truth and no answer."""
    label: str


class Extraction(Frozen):
    """The extraction rule of a dataset, with the figures that speak for it."""

    rule: str
    """A name of `RULES`, or `ground_truth`."""
    key: str | None = None
    coverage: float
    """Share of the rows that get a label."""
    ground_truth_rows: int
    """Rows whose label is their `ground_truth`; the rule is for the others."""
    forced: bool = False
    score: RuleScore | None = None
    """The rule's own score; none where only the ground truth serves."""
    runners_up: tuple[RuleScore, ...] = ()
    mixed: tuple[RuleScore, ...] = ()
    """Other formats that some of the answers have around the same labels; those are read by them."""
    examples: tuple[Example, ...] = ()
    """At most `MAX_EXAMPLES`; one per label before any second one."""

    @property
    def name(self) -> str:
        """The form in which it can be forced."""
        return rule_name(self.rule, self.key)

    @property
    def object_key(self) -> str | None:
        """The key of the label in an answer that is a JSON object with it at the top; None in other formats."""
        return self.key if self.rule == "json_key" and self.key and is_flat(self.key) else None

    def write(self, label: str) -> str:
        """The answer that states `label` in the format of the dataset's own answers."""
        return label if self.rule == GROUND_TRUTH else RULES[self.rule].write(label, self.key)


def choose_extraction(frame: pl.DataFrame, forced: str | None = None) -> Extraction:
    """The extraction rule for an inspected frame.

    Rows with a `ground_truth` need none. Among the rules that match nearly as many answers as the best one
    and find labels that repeat (on two rows each on average), the first in the order of `RULES` wins, and
    among its keys the one that is most usual for a label. Where all rows have a ground truth that their answers
    repeat in a structured format, that format's rule is chosen, so that training keeps it.

    Args:
        forced: a rule, with its key after a colon if it has one (`json_key:intent`).

    Raises:
        InputError: the forced rule does not exist or matches nothing; no rule matches anything.
    """
    answered = frame.filter(pl.col("ground_truth").is_null())
    ground_truth_rows = frame.height - answered.height
    if forced is not None:
        return _forced(frame, answered, ground_truth_rows, forced)
    if not answered.height:
        return _agreeing(frame) or _described(frame, GROUND_TRUTH, None, (), ground_truth_rows)
    sample = _sample(answered["answer"].drop_nulls())
    scores = score_rules(sample)
    if not scores:
        message = "no rule finds a label in the final assistant messages"
        advice = "Give each row a `ground_truth`, or force an extraction rule."
        raise input_error(message, kind="no-label", advice=advice)
    best = _preferred(scores)
    others = _by_score(score for score in scores if score != best)
    mixed = mixed_formats(sample, best, others)
    extraction = _described(frame, best.rule, best.key, others, ground_truth_rows, mixed)
    return extraction.model_copy(update={"score": best})


def extract(frame: pl.DataFrame, extraction: Extraction) -> pl.Series:
    """The unresolved labels of every row (`List(String)`, null where the rule does not match)."""
    answers = frame["answer"]
    if extraction.rule == GROUND_TRUTH:
        labels = pl.repeat(None, frame.height, dtype=pl.List(pl.String), eager=True)
    else:
        # Answers repeat, so each distinct one is parsed once.
        distinct = answers.unique().drop_nulls()
        parsed = _read(distinct.to_list(), extraction)
        table = pl.DataFrame(
            {"answer": distinct, "labels": parsed}, schema={"answer": pl.String, "labels": pl.List(pl.String)}
        )
        joined = pl.DataFrame({"answer": answers}).join(table, on="answer", how="left", maintain_order="left")
        labels = joined["labels"]
    sources = pl.DataFrame({"ground_truth": _with_literals(frame["ground_truth"]), "answer": labels})
    merged = pl.coalesce("ground_truth", "answer").list.eval(pl.element().str.strip_chars())
    return sources.select(merged.alias("labels")).to_series()


def _read(answers: Sequence[str], extraction: Extraction) -> list[tuple[str, ...] | None]:
    """The labels of each answer: by a format that it alone has, by the rule, or as it is where it is such a label."""
    formats = [*((score.rule, score.key) for score in extraction.mixed), (extraction.rule, extraction.key)]
    read = [next((x for rule in formats if (x := find_labels(answer, *rule)) is not None), None) for answer in answers]
    if extraction.forced or not any(labels is None for labels in read):
        return read
    known = {spelling_key(label) for labels in read for label in labels or ()}
    return [
        (answer.strip(),) if labels is None and len(answer) <= MAX_LABEL and spelling_key(answer) in known else labels
        for answer, labels in zip(answers, read, strict=True)
    ]


def answers_rule(answers: pl.Series) -> tuple[str, str | None] | None:
    """The rule, with its key, that reads most of some answers; None where none does."""
    scores = score_rules(_sample(answers))
    if not scores:
        return None
    best = _preferred(scores)
    return best.rule, best.key


def literal_rows(ground_truth: pl.Series) -> int:
    """The number of rows whose ground truth is a text that holds a list, as an export of a table writes it."""
    return int(_literal_mask(ground_truth).sum())


def _literal_mask(ground_truth: pl.Series) -> pl.Series:
    first = ground_truth.list.first()
    return (ground_truth.list.len() == 1).fill_null(value=False) & first.str.contains(
        r"^\s*[\[({].*[\])}]\s*$"
    ).fill_null(value=False)


def _with_literals(ground_truth: pl.Series) -> pl.Series:
    """The ground truths, those that are a list in a text as that list."""
    mask = _literal_mask(ground_truth)
    if not mask.any():
        return ground_truth
    texts = ground_truth.list.first().filter(mask)
    table = {text: read_literal(text) for text in texts.unique()}
    lists = pl.Series(
        [list(items) if (items := table[text]) is not None else [text] for text in texts], dtype=pl.List(pl.String)
    )
    numbers = pl.int_range(len(ground_truth), dtype=pl.UInt32, eager=True).to_frame("row")
    read = pl.DataFrame({"row": numbers["row"].filter(mask), "read": lists})
    joined = numbers.with_columns(ground_truth.alias("truth")).join(read, on="row", how="left", maintain_order="left")
    return joined.select(pl.coalesce("read", "truth")).to_series()


def _preferred(scores: list[RuleScore]) -> RuleScore:
    most = max(score.coverage for score in scores)
    sufficient = [score for score in scores if score.coverage >= MIN_COVERAGE * most]
    repeating = [score for score in sufficient if score.repeats]
    if repeating:
        return repeating[0]
    return max(sufficient, key=lambda score: (score.labels > 1, score.score))


def _agreeing(frame: pl.DataFrame) -> Extraction | None:
    """The structured rule, if any, that finds each row's ground truth in its answer; all rows have a ground truth."""
    rows = frame.filter(pl.col("answer").is_not_null())
    if rows.height < MIN_COVERAGE * frame.height:
        return None
    sample = rows.gather_every(max(1, rows.height // SAMPLE))
    for score in score_rules(sample["answer"].to_list()):
        if not RULES[score.rule].structured or score.coverage < MIN_AGREEMENT:
            continue
        agreeing = sum(
            set(find_labels(answer, score.rule, score.key) or ()) == set(ground_truth)
            for answer, ground_truth in sample.select("answer", "ground_truth").iter_rows()
        )
        if agreeing >= MIN_AGREEMENT * sample.height:
            extraction = _described(frame, score.rule, score.key, (), frame.height)
            return extraction.model_copy(update={"score": score})
    return None


def _forced(frame: pl.DataFrame, answered: pl.DataFrame, ground_truth_rows: int, forced: str) -> Extraction:
    rule, _, key = forced.partition(":")
    names = (GROUND_TRUTH, *RULES)
    if rule not in names:
        message = f"{forced!r} is not an extraction rule, expected one of {', '.join(names)}"
        raise input_error(message, kind="extraction", field="extraction")
    scores = score_rules(_sample(answered["answer"].drop_nulls())) if answered.height else []
    best = next((score for score in scores if score.rule == rule and key in ("", score.key)), None)
    if answered.height and best is None:
        matching = ", ".join(score.name for score in scores) or "none"
        message = f"the rule {forced!r} reads no label in the final assistant messages; those that do: {matching}"
        raise input_error(message, kind="extraction", field="extraction")
    others = _by_score(score for score in scores if score is not best)
    extraction = _described(frame, rule, best.key if best else (key or None), others, ground_truth_rows)
    return extraction.model_copy(update={"score": best, "forced": True})


def _described(
    frame: pl.DataFrame,
    rule: str,
    key: str | None,
    others: tuple[RuleScore, ...],
    ground_truth_rows: int,
    mixed: tuple[RuleScore, ...] = (),
) -> Extraction:
    bare = Extraction(rule=rule, key=key, coverage=0.0, ground_truth_rows=ground_truth_rows, mixed=mixed)
    labels = extract(frame, bare)
    rows = frame.select("text", "answer").with_columns(labels.alias("labels"))
    # Only the first rows of a large dataset come with their text.
    rows = rows.filter(pl.col("labels").is_not_null(), pl.col("text").is_not_null())
    first = pl.col("labels").is_first_distinct()
    selected = pl.concat([rows.filter(first).head(MAX_EXAMPLES), rows.filter(~first).head(MAX_EXAMPLES)])
    examples = tuple(
        Example(input=_excerpt(text), answer=_excerpt(answer or ""), label=", ".join(row_labels))
        for text, answer, row_labels in selected.head(MAX_EXAMPLES).iter_rows()
    )
    coverage = 1 - labels.null_count() / max(1, frame.height)
    return bare.model_copy(update={"coverage": coverage, "runners_up": others[:MAX_RUNNERS_UP], "examples": examples})


def _by_score(scores: Iterable[RuleScore]) -> tuple[RuleScore, ...]:
    return tuple(sorted(scores, key=lambda score: -score.score))


def _excerpt(text: str) -> str:
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"


def _sample(answers: pl.Series) -> list[str]:
    return answers.gather_every(max(1, len(answers) // SAMPLE)).to_list()
