from __future__ import annotations

import json

from fw_assets.classification.prompting.opening import Opening, opening_of


def row(system: object = None) -> str:
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a"}]
    return json.dumps(turns if system is None else [{"role": "system", "content": system}, *turns])


def test_the_system_message_of_all_rows_comes_before_every_text() -> None:
    opening = opening_of([row("1 = billing"), row([{"type": "text", "text": "1 = billing"}])])
    assert opening == Opening(system="1 = billing", variants=1)
    assert opening.conversation("late") == [
        {"role": "system", "content": "1 = billing"},
        {"role": "user", "content": "late"},
    ]


def test_of_several_the_most_frequent_is_taken_unless_another_is_given() -> None:
    opening = opening_of([row("a"), row("b"), row("b"), row()])
    assert opening == Opening(system="b", variants=3)
    assert opening.conversation("x", "c")[0] == {"role": "system", "content": "c"}
    assert opening.conversation("x", "") == [{"role": "user", "content": "x"}]


def test_rows_without_one_are_asked_without_one() -> None:
    assert opening_of([row(), row()]).conversation("x") == [{"role": "user", "content": "x"}]
    assert opening_of([]) == Opening()
