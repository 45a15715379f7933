from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

from fw_assets.report.rendering.markdown import render_markdown, tidy
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report

PARSER = MarkdownIt("commonmark").enable("table")


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


def headings(text: str) -> list[str]:
    tokens = PARSER.parse(text)
    return [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]


def test_the_first_screen_says_what_was_asked_and_the_answer() -> None:
    report = sample_report(unit_price=1.0)
    top = "\n".join(render_markdown(report).split("\n")[:20])
    assert "**Asked:** Does fine-tuning minilm-ngram, minilm-l6-v2 and char-ngram help" in top
    assert report.answer in top.replace("\\", "")
    for expected in (
        "By how much?",
        "Is it real?",
        "What did it cost? | $1.38",
        "#accounts/local/deployments/",
        "http://",
    ):
        assert expected in top


def test_the_sections_come_in_the_order_of_a_decision() -> None:
    assert [
        heading for heading in headings(render_markdown(sample_report(unit_price=1.0))) if not heading.startswith("`")
    ] == [
        "Base against fine-tuned",
        "Every label counted alike",
        "More figures",
        "Per label",
        "Base models that were not fine-tuned",
        "What was confused with what",
        "Outcomes",
        "Rows that belong to no label",
        "Rows that changed",
        "How the choices were made",
        "Winner and deployment",
        "Cost",
        "Use it",
        "What was asked and what was found",
        "What the figures mean",
        "Where this comes from",
    ]


def test_every_label_of_every_model_has_its_accuracy() -> None:
    report = sample_report(30)
    text = render_markdown(report)
    for candidate in report.candidates:
        assert candidate.base is not None
        for label, result in candidate.base.per_label.items():
            assert f"| `{label}` | {result.support} | {100 * (result.accuracy or 0):.1f}% |" in text or (
                f"| `{label}` | {result.support} | n/a |" in text
            )


def test_a_whole_matrix_is_shown_only_while_it_can_be_read() -> None:
    assert "most confused labels" not in render_markdown(sample_report(12))
    text = render_markdown(sample_report(77))
    assert "rows by true label, columns by answer, of the 12 most confused labels:" in text
    assert "any other label" in text


def test_the_cost_table_adds_up() -> None:
    lines = render_markdown(sample_report(unit_price=1.0)).split("## Cost\n")[1].split("\n## ")[0].strip().split("\n")
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]
    amounts = [[float(row[at].replace("$", "").replace("−", "-")) for row in rows] for at in (2, 4, 5)]
    for column in amounts:
        assert round(sum(column[:-1]), 4) == column[-1]


def test_hostile_labels_and_texts_neither_break_tables_nor_render() -> None:
    tokens = flat(PARSER.parse(render_markdown(sample_report(labels=LABELS, texts=TEXTS, dataset="# <b>|`x`"))))
    assert not {"image", "link_open", "html_inline", "html_block"} & {token.type for token in tokens}
    width, cells = 0, 0
    for token in tokens:
        if token.type == "thead_open":
            width = 0
        elif token.type == "th_open":
            width += 1
        elif token.type == "tr_open":
            cells = 0
        elif token.type == "td_open":
            cells += 1
        elif token.type == "tr_close" and cells:
            assert cells == width
    spans = {token.content for token in tokens if token.type == "code_inline"}
    assert {"a|b", "# x", "![](http://evil.example/p.png)", "<script>alert(1)</script>", "line break"} <= spans


def test_a_fence_is_left_alone_by_tidying() -> None:
    assert tidy("a\n\n\n\nb  \n```\nx\n\n\ny\n```\n\n\n") == "a\n\nb\n```\nx\n\n\ny\n```\n"


def test_every_heading_stands_on_its_own() -> None:
    text = render_markdown(with_diagnostics(sample_report(12, 200)))
    lines = text.split("\n")
    starts = [token.map[0] for token in PARSER.parse(text) if token.type == "heading_open" and token.map]
    assert len(starts) > 10
    assert [lines[start] for start in starts if start and lines[start - 1]] == []
