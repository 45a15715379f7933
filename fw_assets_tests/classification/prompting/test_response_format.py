from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.prompting.response_format import gbnf_literal, grammar_format


@settings(deadline=None)
@given(st.text(max_size=20))
def test_a_literal_reads_back_as_the_text(text: str) -> None:
    literal = gbnf_literal(text)
    assert json.loads(literal) == text
    assert not re.search(r"[\x00-\x1f]", literal)


def test_alternatives_keep_their_order() -> None:
    grammar = grammar_format(['say "a"', "b\\c", "d\ne"])["grammar"]
    assert grammar == r'root ::= "say \"a\"" | "b\\c" | "d\ne"'
