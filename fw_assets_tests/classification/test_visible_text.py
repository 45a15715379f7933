"""Text that is shown holds nothing that nobody sees."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.visible_text import printable, visible, visible_json, without_invisible

ANY = st.text(st.characters() | st.sampled_from("\x00\x07\x1b\x9b\r\n\t\x85\u200b\u200d\u202e\u2066\u2028\ufeff\u00ad"))
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u061c"


def is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in ZERO_WIDTH
        or (
            unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
            or character in "\u200e\u200f"
        )
    )


@given(ANY)
def test_a_terminal_gets_nothing_but_line_breaks(text: str) -> None:
    assert not [character for character in printable(text) if character != "\n" and is_hidden(character)]
    assert len(printable(text)) <= len(text)


@given(ANY)
def test_one_line_has_no_break(text: str) -> None:
    hidden = [character for character in visible(text) if is_hidden(character)]
    assert set(hidden) <= {"\u200c", "\u200d"}


@given(ANY)
def test_json_is_what_it_was_and_shows_nothing_hidden(text: str) -> None:
    written = visible_json({"text": text}, indent=2)
    assert json.loads(written) == {"text": text}
    assert set(filter(is_hidden, written)) <= {"\n", "\u200c", "\u200d"}


@pytest.mark.parametrize("text", ["می‌خواهم", "👩‍💻", "क्‍ष", "a label", "naïve café", "日本語", "✔️ done"])
def test_spelling_stays_in_documents(text: str) -> None:
    assert without_invisible(text) == visible(text) == text


@pytest.mark.parametrize("text", ["bil\u200dling", "bil\u200cling", "\u200dbilling", "billing\u200d", "bil\u200bling"])
def test_a_joiner_that_joins_nothing_is_seen(text: str) -> None:
    assert visible(text) == text.replace("\u200d", "\ufffd").replace("\u200c", "\ufffd").replace("\u200b", "\ufffd")


def test_every_override_and_isolate_is_seen() -> None:
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C):
        assert visible(f"a{chr(code)}b") == printable(f"a{chr(code)}b") == "a\ufffdb"
