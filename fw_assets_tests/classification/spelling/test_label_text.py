"""What is part of a label as it is written, and which spellings are one label."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.spelling.label_text import bare, look, spelling_key

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "written",
    [
        *("**billing**", "*billing*", "__billing__", "***billing***", "`billing`", "~~billing~~", "## billing"),
        *('"billing"', "'billing'", "“billing”", "« billing »", "„billing“", "「billing」", '"**billing**"'),
        *("- billing", "• billing", "> billing", "```\nbilling\n```", "(billing)", "[billing]"),
        *(
            "billing\u200b",
            "\ufeffbilling",
            "bil\u00adling",
            "billing\u200d",
            "\u200fbilling",
            "billing\x07",
            "bil\x00ling",
        ),
        *("billing</s>", "billing<|im_end|>", "<s>billing", "billing<end_of_turn>", "[/INST] billing"),
        *("<billing>", "【billing】", "《billing》", "〈billing〉", "assistant\nbilling"),
        "<|im_start|>assistant\nbilling<|im_end|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nbilling<|eot_id|>",
        "<start_of_turn>model\nbilling<end_of_turn>",
        *("billing\ufe0f", "billing<｜end▁of▁sentence｜>", "  billing\n", "billing<|eot_id|></s>"),
    ],
)
def test_what_is_around_a_label_is_no_part_of_it(written: str) -> None:
    assert bare(written) == "billing"
    assert spelling_key(written) == "billing"


@pytest.mark.parametrize(
    "label",
    [
        *('exchange "rate"', 'size 5"', "the 'other'", '"a" or "b"', "'tis", "rock 'n' roll"),
        *("*", "**", "***", "+", "-", "?", "-1", "> 50", "# 1", "- 5", "C++", "C#", ".NET", "❤\ufe0f", "1\ufe0f\u20e3"),
        *("<5", "<5>10", "<>", "<a href=x>", "</b>", "assistant", "model", "assistant billing"),
        *("lost\nor stolen", "Finance > Invoices", "http://example.org/a#B", "a:b", "account (3)", ENGLAND, SCOTLAND),
        *("می\u200cخواهم", "👨\u200d👩\u200d👧", "1. billing", "A) billing", "a_b", "snake_case_"),
    ],
)
def test_what_is_inside_a_label_stays(label: str) -> None:
    assert bare(label) == label


@pytest.mark.parametrize(
    "spellings",
    [
        ("delivery team", "delivery\u00a0team", "delivery\u2009team", "Delivery_Team"),
        ("technical", "t\u0435chn\u0456cal", "TECHNICAL."),
        ("técnico", "te\u0301cnico", "TÉCNICO"),
        ("don't know", "don’t know"),
        ("\u22121", "-1"),
        ("❤", "❤\ufe0f"),
        ("Вопрос", "вопрос"),
        ("billing", "\u0412illing".replace("\u0412", "B"), "BILLING"),
    ],
)
def test_what_looks_alike_is_one_label(spellings: tuple[str, ...]) -> None:
    assert len({spelling_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "labels",
    [
        ("m²", "m2"),
        ("①", "1"),
        ("½", "1/2"),
        ("yes", "yes!", "yes?"),
        ('size 5"', "size 5"),
        ("α", "a"),
        ("в", "b"),
        (".NET", "NET"),
        ("1", "1.0", "01", "-1", "+1"),
        (ENGLAND, SCOTLAND),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("C", "C++", "C#"),
    ],
)
def test_what_the_eye_tells_apart_stays_apart(labels: tuple[str, ...]) -> None:
    assert len({spelling_key(label) for label in labels}) == len(labels)


def test_labels_that_only_their_bytes_tell_apart_look_the_same() -> None:
    assert look("\u0412") == look("B")
    assert spelling_key("\u0412") != spelling_key("B")


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=20))
def test_bare_and_key_are_stable(text: str) -> None:
    assert bare(bare(text)) == bare(text)
    assert spelling_key(spelling_key(text)) == spelling_key(text)


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.characters(categories=("L", "N"), exclude_characters="ſİı"), min_size=1, max_size=12),
    st.sampled_from(["**{}**", '"{}"', "{}\u200b", "`{}`", "- {}", "{}</s>", " {}\n", "«{}»"]),
)
def test_a_wrapped_label_is_the_label(label: str, wrapping: str) -> None:
    plain = unicodedata.normalize("NFC", label)
    if wrapping == "- {}" and not plain[0].isalpha():
        return
    assert spelling_key(wrapping.format(plain)) == spelling_key(plain)
