"""What outcomes and figures mean, in words."""

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

FIGURES = (
    (
        "accuracy",
        "Right answers over all test rows. An answer that is no label, cut off or missing counts as wrong.",
    ),
    (
        "95% interval",
        "The range in which the true figure plausibly lies; the fewer the rows, the wider (Wilson's score interval).",
    ),
    (
        "gained / lost",
        "Rows that only the fine-tuned model, or only the base model, got right. Rows on which both agree say nothing "
        "about which is better.",
    ),
    (
        "p",
        "How often a split of gained and lost rows as uneven as this would come about if the two were equally good "
        "(exact McNemar test; Holm's adjustment when several finalists are compared).",
    ),
    (
        "verdict",
        "“better” or “worse” when that probability is at most 5%, otherwise “no evidence of a difference”.",
    ),
    (
        "macro-F1",
        "The mean over labels of the balance between precision and recall: rare labels weigh as much as frequent ones.",
    ),
    (
        "majority",
        "The accuracy of always answering the most frequent label; a model near it has learned little.",
    ),
    (
        "coverage",
        "The share of rows that got a valid label at all.",
    ),
    (
        "ECE",
        "Expected calibration error: how far confidence and the share that is right lie apart, averaged over ten bins.",
    ),
    (
        "AUROC",
        "How often a right answer has more confidence than a wrong one; one half means that confidence says nothing.",
    ),
    (
        "lenient",
        "Accuracy if an answer counts that merely contains exactly one label. The headline is the strict figure.",
    ),
)
