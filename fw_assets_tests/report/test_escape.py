from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fw_assets.classification.visible_text import printable, visible
from fw_assets.report.escape import block, code, prose
from fw_assets_tests.report.hostile import LABELS, TEXTS

MARKS = st.text(st.sampled_from("ab1 `|\\*_#![]()<>&~$-+=.:/\n@\x00\u202e"), max_size=14)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
RENDERED = {"image", "link_open", "html_inline", "html_block", "em_open", "strong_open", "s_open", "heading_open"}


def kinds(tokens: list[Token]) -> list[str]:
    return [kind for token in tokens for kind in (token.type, *kinds(token.children or []))]


def cells(source: str) -> list[str]:
    """The plain content of the body cells of a one-row table."""
    tokens = PARSER.parse(source)
    assert not RENDERED & set(kinds(tokens))
    inlines = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
    return ["".join(child.content for child in inline.children or []) for inline in inlines]


@settings(deadline=None)
@given(MARKS)
def test_in_a_table_a_code_cell_is_one_cell_and_shows_the_text(text: str) -> None:
    found = cells(f"| A | B |\n|---|---|\n| {code(text)} | end |")
    assert found == [visible(text) or "(empty)", "end"]


@settings(deadline=None)
@given(MARKS)
def test_in_a_table_a_prose_cell_is_one_cell_and_shows_the_text(text: str) -> None:
    assert cells(f"| A | B |\n|---|---|\n| {prose(text)} | end |") == [visible(text), "end"]


@settings(deadline=None)
@given(MARKS)
def test_outside_a_table_nothing_is_rendered(text: str) -> None:
    for written in (code(text, table=False), prose(text)):
        assert not RENDERED & set(kinds(PARSER.parse(f"Said: {written}")))


@pytest.mark.parametrize("text", [*LABELS, *TEXTS])
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    assert cells(f"| A | B |\n|---|---|\n| {code(text)} | {prose(text)} |") == [visible(text), visible(text)]


@settings(deadline=None)
@given(MARKS)
def test_a_block_cannot_be_left(text: str) -> None:
    tokens = PARSER.parse(f"{block(text)}\n\nafter")
    assert kinds(tokens) == ["fence", "paragraph_open", "inline", "text", "paragraph_close"]


def test_plain_words_stay_readable() -> None:
    assert prose("35.0% (29.8–40.6%), p < 0.0001, $1.38 & more_than_one") == (
        "35.0% (29.8–40.6%), p < 0.0001, $1.38 & more_than_one"
    )
    assert prose("+56.7 to −3") == "+56.7 to −3"


def test_addresses_do_not_become_links() -> None:
    assert "://" not in prose("see http://evil.example and www.evil.example")
    assert "www." not in prose("see www.evil.example")


def test_direction_overrides_and_controls_are_made_visible() -> None:
    assert visible("a\u202eb\x1b[0m\nc") == "a\ufffdb\ufffd[0m c"


def test_text_for_a_terminal_keeps_its_lines_and_nothing_that_drives_it() -> None:
    assert printable("a label\nanother") == "a label\nanother"
    assert printable("\x1b]0;pwn\x07\x1b[31mRED\x1b[2J\u202e") == "\ufffd]0;pwn\ufffd\ufffd[31mRED\ufffd[2J\ufffd"
