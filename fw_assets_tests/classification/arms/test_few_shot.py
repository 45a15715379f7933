"""Rows with examples: where they stand, what fits, and that the row itself stays as it is."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.arms.few_shot import Example, with_examples

EXAMPLES = [Example(f"text {number} " + "word " * number, f"label {number}") for number in range(9)]
ROLES = st.sampled_from(["user", "assistant"])


@given(
    system=st.booleans(),
    turns=st.lists(st.tuples(ROLES, st.text(max_size=40)), max_size=4),
    number=st.integers(0, 9),
    room=st.none() | st.integers(-100, 400),
)
def test_examples_stand_before_the_row_the_nearest_last(
    system: bool, turns: list[tuple[str, str]], number: int, room: int | None
) -> None:
    own = [{"role": "system", "content": "s"}] * system + [{"role": role, "content": text} for role, text in turns]
    own.append({"role": "user", "content": "asked"})
    answer = {"role": "assistant", "content": "its label"}
    row = with_examples(json.dumps([*own, answer]), EXAMPLES[:number], room)
    written = json.loads(row.messages)
    assert row.examples <= number
    assert room is not None or row.examples == number
    assert answer not in written
    assert written[:system] == own[:system]
    assert written[len(written) - len(own) + system :] == own[system:]
    shown = written[system : len(written) - len(own) + system]
    assert [turn["content"] for turn in shown[::2]] == [item.text for item in reversed(EXAMPLES[: row.examples])]
    assert [turn["content"] for turn in shown[1::2]] == [item.answer for item in reversed(EXAMPLES[: row.examples])]


def test_more_room_never_holds_fewer() -> None:
    row = json.dumps([{"role": "user", "content": "asked"}])
    counts = [with_examples(row, EXAMPLES, room).examples for room in range(0, 600, 10)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(EXAMPLES))
