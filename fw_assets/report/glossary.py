"""Names and meanings of outcomes, baselines, stages of cost and figures. Metrics declare theirs themselves."""

from __future__ import annotations

OUTCOMES = {
    "correct": "right",
    "wrong_label": "another label of the set",
    "off_label": "something that is not a label",
    "ambiguous": "several labels where one was wanted",
    "empty": "no answer",
    "truncated": "cut off before the answer ended",
    "refused": "the model refused",
    "failed": "no answer came back (transport)",
}

BASELINES = {
    "majority": "always the most frequent label",
    "tfidf": "TF-IDF with logistic regression",
    "encoder": "encoder with logistic regression",
}

STAGES = {
    "base-evaluation": "base evaluation",
    "sweep": "sweep",
    "full-training": "training on all rows",
    "tuned-evaluation": "fine-tuned evaluation",
    "learning-curve": "learning curve",
    "deployment": "deployment",
}

COMPARISON_FIGURES = (
    (
        "accuracy",
        "Right answers over all test rows. An answer that is no label, cut off or missing counts as wrong.",
    ),
    (
        "95% interval",
        "The range in which the true figure plausibly lies; the fewer the distinct rows, the wider (Wilson's score "
        "interval; copies of a text and rows of one conversation count as one, as far as they behave alike). That of a "
        "difference holds 0 exactly where the verdict is neither “better” nor “worse”.",
    ),
    (
        "gained / lost",
        "Rows that only the fine-tuned model, or only the base model, got right. Rows on which both agree say nothing "
        "about which is better.",
    ),
    (
        "p",
        "How often a split of gained and lost rows as uneven as this would come about if the two were equally good "
        "(sign-flip test of whole groups, which is the exact McNemar test where no row repeats another; Holm's "
        "adjustment where several comparisons are made together).",
    ),
    (
        "verdict",
        "“better” or “worse” when that probability is below 5%; “at least as good” when it is shown that less than the "
        "session's margin is lost, if anything; otherwise “cannot be told”, which says something of the number of "
        "rows, not of the models.",
    ),
)

COST_FIGURES = (
    (
        "cost of 1,000 rows",
        "What mistakes in so many rows are expected to cost, by the session's costs; a mistake that they do not name, "
        "and an answer that is no label, costs 1.",
    ),
)

CONFIDENCE_FIGURES = (
    (
        "ECE",
        "Expected calibration error: how far confidence and the share that is right lie apart, averaged over ten bins.",
    ),
    (
        "AUROC",
        "How often a right answer has more confidence than a wrong one; one half means that confidence says nothing.",
    ),
)
