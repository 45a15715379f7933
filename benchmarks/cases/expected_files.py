"""Expectations of the cases about files: formats, damage, folders, fields, evaluation files."""

from __future__ import annotations

from benchmarks.cases.expectation import Case, Wanted, every
from benchmarks.cases.expected_labels import THREE, one


def refused(*says: str) -> Wanted:
    return Wanted(code=2, says=says, never=["How to say yes"])


_READ = one(THREE, rows=180)
FILES = (
    Case(
        29,
        "folders: files that are not read are named",
        [_READ, _READ, Wanted(says=["Passed over: c.json"]), refused("b.jsonl")],
    ),
    Case(
        30,
        "train, valid and test by their names",
        [Wanted(says=["train.jsonl for training, valid.jsonl for validation and test.jsonl as test"], rows=180)],
    ),
    Case(31, "companion files of macOS are passed over", [_READ]),
    Case(
        39,
        "each wrong kind of file is read or named",
        [
            _READ,
            refused("each with a comma behind: `sed"),
            *every(4, _READ),
            refused("is a pointer of Git LFS.*git lfs pull"),
        ],
    ),
    Case(
        40,
        "fields that repeat over rows are told of",
        [
            Wanted(says=[f"{field}.*not used to keep rows together"])
            for field in ("ticket_id", "metadata.conversation_id", "conversationId")
        ],
    ),
    Case(45, "BOM, gzip, parts and tool calls", every(5, _READ)),
    Case(
        46,
        "other roles are read or refused with a hint",
        [
            _READ,
            refused(r"function.jsonl:1: messages\[2\].role.*write it as tool"),
            _READ,
            refused(r"refusal.jsonl:1: messages\[1\].content: found null"),
            refused(r"messages\[0\].content\[1\].type: found 'image_url'"),
            refused(r"messages\[0\].content\[0\].type: found 'input_text'"),
            refused("found 'user' after 'user'"),
            refused("messages.0..role: found 'assistant'"),
            refused("found 'system' after 'user'"),
        ],
    ),
    Case(
        47,
        "damaged files are read where that is sure, or refused",
        [
            refused("cp1252.jsonl:1: byte 61 is not UTF-8"),
            *every(2, _READ),
            refused("several JSON objects on a line: `jq"),
            refused("several JSON objects that are not one a line: `jq"),
            *every(2, refused("holds 0 rows")),
            refused("is an HTML page"),
            refused("nul.jsonl:181"),
            refused("is a bzip2 file: `bunzip2"),
        ],
    ),
    Case(
        48,
        "ground truths of other types are refused",
        [
            refused("found the number 2, expected a label as text"),
            refused("found the boolean false, expected a label as text"),
            refused("found the number 2.0, expected a label as text"),
            refused("expected the assistant's answer"),
            refused("found an object, expected a label as text"),
            refused("the label is empty"),
            refused(r"ground_truth\[0\]: found the number 2"),
            refused(r"messages\[1\].content: found the number 2"),
        ],
    ),
    Case(56, "rows of templates stay apart", every(2, Wanted(rows=360, says=["distinct"]))),
    Case(
        58,
        "what the evaluation file has otherwise is said",
        [
            Wanted(says=["only in the evaluation dataset, which cannot be learned: logistics"]),
            Wanted(says=["Labels without test rows.*delivery \\(\\d+ training rows"]),
            one(THREE, "'BILLING' as 'billing'"),
            one(THREE),
        ],
    ),
    Case(
        59,
        "copies are grouped, links followed, empty files passed over",
        [Wanted(rows=360, says=["distinct"]), Wanted(rows=180), Wanted(rows=180)],
    ),
)
