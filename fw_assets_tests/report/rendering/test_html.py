from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from fw_assets.report.formatting import Quoted
from fw_assets.report.rendering.html import breakable, embedded_json, render_html
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report

VOID = {"meta", "input", "br", "hr", "img", "link", "wbr"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; refuses badly nested elements."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def hostile() -> Page:
    return Page(render_html(sample_report(labels=LABELS, texts=TEXTS, dataset="<b>x</b>")))


@pytest.mark.parametrize("count", [2, 4, 30])
def test_the_page_is_well_formed_and_fetches_nothing(count: int) -> None:
    page = Page(render_html(sample_report(count)))
    assert not {"img", "link", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    loaded = [value for _, name, value in page.attributes if name in ("src", "href", "action", "poster", "data")]
    assert all(value.startswith("#") for value in loaded)


def test_the_policy_allows_the_pages_own_script_alone() -> None:
    page = Page(render_html(sample_report()))
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    script = page.scripts[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_hostile_text_is_shown_and_does_nothing(hostile: Page) -> None:
    data = [value for tag, name, value in hostile.attributes if tag == "script" and name == "type"]
    assert len(hostile.scripts) == len(data) + 1
    assert set(data) == {"application/json"}
    assert not [name for _, name, _ in hostile.attributes if name.startswith("on")]
    assert "img" not in hostile.tags
    assert "<script>alert(1)</script>" in hostile.text
    assert "{{ 7 * 7 }}" in hostile.text
    assert "49" not in re.findall(r"{{ 7 \* 7 }}|\b49\b(?= *}})", hostile.text)
    assert "\x1b" not in hostile.text
    assert "\u202e" not in hostile.text


def test_embedded_json_cannot_end_its_script() -> None:
    value = {"</script>": "<!-- &"}
    text = embedded_json(value)
    assert "<" not in text
    assert json.loads(text) == value


def test_every_section_can_be_reached_by_its_anchor() -> None:
    page = Page(render_html(sample_report()))
    ids = {value for _, name, value in page.attributes if name == "id"}
    anchors = {value[1:] for tag, name, value in page.attributes if tag == "a" and name == "href"}
    assert anchors <= ids


def test_controls_have_names() -> None:
    source = render_html(sample_report(30))
    assert len(re.findall(r"<fieldset", source)) == len(re.findall(r"<legend>", source))
    for control in re.finditer(r'<(?:input type="search"|select)[^>]*>', source):
        before = source[: control.start()]
        assert before.rfind("<label>") > before.rfind("</label>")


def test_the_first_screen_answers() -> None:
    report = sample_report(unit_price=1.0)
    page = Page(render_html(report))
    assert report.answer in page.text
    assert "Does fine-tuning minilm-ngram" in page.text


def test_a_long_label_may_be_broken_where_its_words_end_and_stays_escaped() -> None:
    assert breakable(Quoted("card_payment_fee")) == "card_<wbr>payment_<wbr>fee"
    assert breakable(Quoted("_<b>_a/b.c_")) == "_&lt;b&gt;_<wbr>a/<wbr>b.<wbr>c_"
    assert breakable(Quoted("it's 'plain'")) == "it&#39;s &#39;plain&#39;"
