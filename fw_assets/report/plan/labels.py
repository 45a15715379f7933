"""The labels of a plan: rows per part, where they are found, and the rules that find them."""

from __future__ import annotations

from fw_assets.classification.fields.paths import nested
from fw_assets.classification.fields.record_field import RecordField, written_order
from fw_assets.classification.fields.records import record_json
from fw_assets.classification.labels.extraction import MIN_COVERAGE, Extraction
from fw_assets.classification.labels.extraction_rules import RULES
from fw_assets.classification.labels.json_rules import json_answer
from fw_assets.classification.labels.label_set import LabelCount
from fw_assets.classification.labels.rule_ranking import RuleScore
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import Quoted, count, percent
from fw_assets.report.table import Column, Table, columns


def label_counts(plan: Plan) -> Table:
    """Every label's rows in each part, and how precisely its accuracy will be known."""
    meanings = plan.session.label_descriptions or {}
    parents = plan.session.label_parents or {}
    body = tuple(
        (
            Quoted(item.label),
            *((Quoted(parents.get(item.label, "")),) if parents else ()),
            *((meanings.get(item.label, ""),) if meanings else ()),
            count(item.train),
            count(item.validation),
            _test_rows(item),
            "unknown" if item.test_half_width is None else f"±{100 * item.test_half_width:.0f} points",
        )
        for item in plan.label_set.counts
    )
    means = [*(["Parent"] if parents else []), *(["Means"] if meanings else [])]
    total = (
        "All",
        *("" for _ in means),
        *(count(plan.rows.get(name, 0)) for name in ("train", "validation", "test")),
        "",
    )
    single = None if plan.label_set.multi_label else total
    return Table(columns("Label", *means, ">Train", ">Validation", ">Test", ">Known to"), body, single)


def _test_rows(item: LabelCount) -> str:
    groups = item.test if item.test_groups is None else item.test_groups
    return count(item.test) + (f" ({count(groups)} distinct)" if groups < item.test else "")


def spellings(plan: Plan) -> Table:
    """Other spellings in the data that mean a label."""
    rows = plan.label_set.alias_rows
    return Table(
        columns("Spelling", "Read as", ">Rows"),
        tuple(
            (Quoted(spelling), Quoted(label), count(rows[spelling]) if spelling in rows else "")
            for spelling, label in plan.label_set.aliases
        ),
    )


def extraction(plan: Plan) -> str:
    """Where the labels are found, in a sentence or two."""
    inspected, rule = plan.inspected, plan.label_set.extraction
    if inspected.ground_truth_rows == inspected.rows:
        agreement = "" if rule.rule == "ground_truth" else f" The answers say it as well, as {location(rule)}."
        return f"Every row has a ground_truth, which is its label.{agreement}"
    remaining = "the other rows it" if inspected.ground_truth_rows else "every row it"
    truths = f"{count(inspected.ground_truth_rows)} rows have a ground_truth, which is their label; in "
    start = f"{truths}{remaining} is" if inspected.ground_truth_rows else "The label of a row is"
    origin = "forced by the session" if rule.forced else "chosen from the data"
    return (
        f"{start} {location(rule)} (the last assistant message). This rule, {rule.name}, was {origin}; with it "
        f"{percent(rule.coverage)} of the rows have a label."
    )


def duplicates(plan: Plan) -> Table:
    """Some pairs of exact and near duplicates."""
    body = tuple(
        (item.kind, Quoted(item.first), Quoted(item.second), f"{item.similarity:.2f}", Quoted(item.text))
        for item in plan.label_set.overlap.examples
    )
    return Table(columns("Alike", "Row", "Row", ">Similarity", "Text of the second"), body)


def location(rule: Extraction) -> str:
    """Where in a row a rule finds its label."""
    return RULES[rule.rule].location.replace("{key}", rule.key or "any")


def target(plan: Plan) -> str:
    """An example of the answers that training teaches and every model is asked for."""
    labels, rule = plan.label_set, plan.label_set.extraction
    if labels.fields:
        return record_json(nested((field.keys, _example(field)) for field in written_order(labels.fields)))
    if labels.multi_label:
        return json_answer(rule.object_key or "labels", list(labels.labels[:2]))
    return rule.write(labels.labels[0])


def rest(plan: Plan) -> str:
    """What becomes of the rest of the answers, a sentence."""
    asked = plan.label_set.fields
    if asked and not plan.inspected.left_out_fields([field.keys for field in asked]):
        return "Values that a row lacks are null there, those of an object that is null too."
    return "Whatever else the answers say is left out."


def _example(field: RecordField) -> object:
    first = field.values[0] if field.values else "…"
    return [first] if field.kind == "list" else first


def rules(plan: Plan) -> Table:
    """The extraction rule and the others that find labels, with their coverage and score."""
    rule = plan.label_set.extraction
    scores = [*([rule.score] if rule.score else []), *rule.runners_up]
    max_coverage = max((score.coverage for score in scores), default=0.0)
    body = tuple(
        (
            Quoted(score.name),
            percent(score.coverage),
            count(score.labels),
            f"{score.score:.3f}",
            ("forced" if rule.forced else "chosen") if score is rule.score else _drawback(score, max_coverage),
        )
        for score in scores
    )
    return Table(columns("Rule", ">Answers read", ">Labels", ">Score", ""), body)


def examples(plan: Plan) -> Table:
    """Excerpts of rows, with the label that was found in them."""
    excerpts = plan.label_set.extraction.examples
    answered = any(item.answer for item in excerpts)
    head = (Column("Input"), *([Column("Answer")] if answered else []), Column("Label found"))
    rows = ((item.input, *([item.answer] if answered else []), item.label) for item in excerpts)
    return Table(head, tuple(tuple(Quoted(cell) for cell in row) for row in rows))


def _drawback(score: RuleScore, max_coverage: float) -> str:
    if score.coverage < MIN_COVERAGE * max_coverage:
        return "reads too few"
    if score.labels < 2:
        return "finds one label only"
    return "" if score.repeats else "its labels do not repeat"
