"""Faults of a dataset's lines as one error: each kind once where it holds for most of the file, else line by line.

An encoding is that of the whole file, however few of its lines have letters that tell."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from fw_assets.classification.dataset.read_result import RejectedRow
from fw_assets.classification.dataset.row_errors import MEANT_ROLES
from fw_assets.classification.errors import InputError, Problem

FEW = 3
"""Bad lines that are always named one by one."""
MIN_SHARE = 0.05
"""Of the bad lines; a kind that fewer have is not worth a sentence where most of the file is bad."""

_OTHER_ROLES = json.dumps({word: role for word, role in MEANT_ROLES.items() if word != role}, separators=(",", ":"))
_ADVICE = {
    "two-objects": "`jq -c . FILE > fixed.jsonl` writes one object a line.",
    "encoding": "`iconv -f WINDOWS-1252 -t UTF-8 FILE > fixed.jsonl` writes UTF-8, if that is what it was saved as.",
    "cut-off": "The objects may be spread over lines: `jq -c . FILE > fixed.jsonl` writes one a line.",
    "role": "Roles are system (or developer), user, assistant and tool: "
    f"`jq -c '(.messages[].role | strings) |= ({_OTHER_ROLES}[ascii_downcase] // .)' FILE > fixed.jsonl` writes them "
    "for the words of other programs.",
    "role-order": "Rows are an optional system turn, then user and assistant turns by turns, the answer last.",
    "final-turn": 'Add the assistant\'s answer as the last turn, or the label as "ground_truth".',
    "ground-truth": 'Labels are text: write them in quotes, e.g. "ground_truth": "3".',
    "content-part": "Only text can be read: leave out images and audio.",
    "empty-answer": 'The last message is the label: write it there, or as "ground_truth".',
    "message-weight": "A message is learned from (1) or not (0): `jq -c 'del(.messages[].weight)' FILE > fixed.jsonl` "
    'leaves that out; the weight of a row is its own field, "weight".',
}
"""What to do about a kind that holds for most of a file."""


def line_faults(rejected: Sequence[RejectedRow], lines: int, *, stopped: bool = False) -> InputError:
    """The error of bad lines.

    Args:
        rejected: at least one.
        lines: of all files as far as they were read, blank ones apart.
        stopped: whether reading was given up.
    """
    of_file = all(row.problems[0].kind == "encoding" for row in rejected)
    if len(rejected) > FEW and (of_file or 2 * len(rejected) > lines):
        return _mostly_bad(rejected, lines, stopped=stopped)
    what = "this line" if len(rejected) == 1 else f"these {len(rejected):,} lines"
    read = f"Reading stopped after {len(rejected):,} bad lines. " if stopped else ""
    return InputError(
        [problem for row in rejected for problem in row.problems],
        advice=f"{read}Correct {what}, or leave bad rows out with --bad-rows quarantine (`bad_rows: quarantine` in a "
        "session). Nothing was started.",
    )


def _mostly_bad(rejected: Sequence[RejectedRow], lines: int, *, stopped: bool) -> InputError:
    """One sentence for each kind, with its first place; leaving most of a file out is no way to go on."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for row in rejected:
        # A row's first problem is often the cause of its others.
        problem = row.problems[0]
        alike.setdefault((problem.kind, re.sub(r"\d+", "", problem.field or "")), []).append(problem)
    most = sorted(alike.values(), key=len, reverse=True)
    shown = [group for group in most if len(group) >= MIN_SHARE * len(rejected)] or most[:1]
    read = "lines read" if stopped else "lines"
    problems = [
        Problem(
            kind=group[0].kind,
            file=group[0].file,
            line=group[0].line,
            field=group[0].field,
            message=f"{group[0].message} (so in {len(group):,} of {lines:,} {read})",
        )
        for group in shown
    ]
    advice = " ".join(dict.fromkeys(text for group in shown if (text := _ADVICE.get(group[0].kind))))
    advice = advice.replace("FILE", shlex.quote(str(shown[0][0].file)))
    return InputError(problems, advice=f"{advice} Nothing was started.".strip())
