"""Expectations of the cases about labels: several in one answer, wrappings, spellings, odd ones."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.expectation import Case, Wanted, every

THREE = ("billing", "delivery", "technical")
FOUR = ("account", *THREE)


def one(labels: Sequence[str] = THREE, *says: str, rows: int | None = None) -> Wanted:
    return Wanted(labels=labels, several=False, rows=rows, says=says)


def any_number(labels: Sequence[str], *says: str) -> Wanted:
    return Wanted(labels=labels, several=True, says=says)


_ONTOLOGY = [f"http://example.org/onto#{name}" for name in ("Billing", "Delivery", "Technical")]
LABELS = (
    Case(14, "four labels, any number a row", [any_number(FOUR, "152 of 300 rows have a list of labels in one text")]),
    Case(15, "lists and lists of objects are several labels", [any_number(FOUR), any_number(THREE)]),
    Case(16, "a list in quotes is a list", every(2, any_number(FOUR, "is a text that holds a list: it is read as"))),
    Case(18, "flags are labels, any number a row", [any_number(THREE)]),
    Case(19, "bold labels are the labels", [one(THREE, r"'\*\*billing\*\*' as 'billing'")]),
    Case(
        20,
        "invisible characters and remains of tokens are joined",
        [one(THREE, r"'billing\\u200b' as 'billing'"), one(THREE, "'billing</s>' as 'billing'")],
    ),
    Case(
        21,
        "labels inside objects are read",
        [
            *every(2, one()),
            one(("billing", "null", "technical"), "80 rows have null as label"),
            one(("0.0", "0.5", "1.0")),
            one(),
        ],
    ),
    Case(22, "labels that are addresses stay whole", [one(_ONTOLOGY)]),
    Case(24, "three sentences as labels", every(2, Wanted(several=False, says=["3 labels, inferred"]))),
    Case(33, "labels of earlier turns are told of", [Wanted(rows=80, says=["160 earlier answers .* only the last"])]),
    Case(34, "the one row with two labels is named", [Wanted(says=["1 of 240 rows has several .*stray_multi.jsonl"])]),
    Case(38, "each file is read by its own rule", every(2, one(THREE, "each is read in its own", rows=240))),
    Case(
        41,
        "rows whose ground truth contradicts the answer",
        [one(THREE, r"contradicts the answer in 27 of 180 rows")],
    ),
    Case(
        42,
        "variants of options, prefixes, spaces and letters are joined",
        [
            one(("A) billing", "B) technical", "C) delivery"), "'A' as 'A\\) billing'"),
            one(("Account closed", "Card arrival", "Card lost", "Card stolen")),
            one(("billing team", "delivery team", "technical team"), r"'delivery\\xa0team' as 'delivery team'"),
            one(THREE, r"as 'billing'"),
        ],
    ),
    Case(
        43,
        "a label outside the rows' own list is asked about",
        [
            Wanted(code=2, says=[r"sys_typo.jsonl:\d+: found the label 'biling', where the rows' own system message"]),
            Wanted(code=2, says=[r"sys_2other.jsonl:\d+: found the label 'other', where the rows' own system message"]),
        ],
    ),
    Case(44, "labels that YAML takes for something else", every(2, Wanted(code=2, says=["write labels in quotes"]))),
    Case(
        49,
        "ground truth beside answers",
        [one(THREE, "'Billing' as 'billing'"), Wanted(several=True), Wanted(several=False)],
    ),
    Case(
        50,
        "labels behind reasoning and wrappings",
        every(10, Wanted(several=False, says=["3 labels, inferred from the data"])),
    ),
    Case(51, "the field most like a label", every(3, Wanted(several=False, plan=["json_key|whole_message|json_list"]))),
    Case(52, "odd labels stay apart", every(12, Wanted(several=False, says=["3 labels, inferred"]))),
    Case(53, "spelling variants are joined", every(4, Wanted(several=False, says=["[23] labels, inferred"]))),
    Case(54, "the list in the rows", every(3, Wanted(several=False, says=["3 labels, inferred"]))),
    Case(55, "an imbalance of 1:1000 is warned of", [one(("fraud", "ok"), "ok occurs 1000.0 times as often as fraud")]),
)
