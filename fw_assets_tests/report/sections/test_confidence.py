from __future__ import annotations

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.confidence import confidence, refusals, unconstrained
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report


def test_what_a_platform_said_is_escaped() -> None:
    report = with_diagnostics(sample_report(), why="<script>alert(1)</script> | `x`")
    assert "<script>alert(1)" not in render_html(report)
    assert "\\<script>alert(1)" in render_markdown(report)
    assert "only with choices" in render_markdown(report)


def test_a_refusal_is_told_in_words_and_the_message_is_behind_a_fold() -> None:
    why = "POST /inference/v1/chat/completions: 400 INVALID_ARGUMENT: response_format. Repeating it will not help."
    report = with_diagnostics(sample_report(), why=why)
    ((sentence, detail),) = refusals(report)
    assert sentence.startswith("minilm-ngram (base), minilm-l6-v2 (base) and char-ngram (base) cannot be asked without")
    assert (detail, "they answer only where a request lists the labels" in sentence) == (why, True)
    assert not {"400", "INVALID_ARGUMENT", "POST"} & set(sentence.split())
    before, message = render_html(report).split(why)
    assert before.endswith('<summary>What the platform said</summary><p class="key"><code>')
    assert message.startswith("</code></p></details>")
    markdown = render_markdown(report)
    assert (
        markdown.index("<details><summary>What the platform said")
        < markdown.index("INVALID")
        < markdown.index("</details>")
    )


def test_one_model_that_is_refused_without_a_reason_has_no_fold() -> None:
    report = with_diagnostics(sample_report(), why="")
    report = report.model_copy(update={"candidates": report.candidates[:1]})
    ((sentence, detail),) = refusals(report)
    assert sentence.startswith("minilm-ngram (base) cannot be asked without choices: it answers only")
    assert detail == ""
    assert "What the platform said" not in render_html(report) + render_markdown(report)


def test_the_winner_comes_first_as_in_the_other_tables() -> None:
    report = with_diagnostics(sample_report())
    names = [item.model.rsplit("/", 1)[-1] for item in ordered(report)]
    backwards = report.model_copy(update={"candidates": tuple(reversed(ordered(report)))})
    for table in (confidence(backwards), unconstrained(backwards)):
        shown = list(dict.fromkeys(row[0] for row in table.rows))
        assert len(shown) > 1
        assert shown == [name for name in names if name in shown]


def test_with_costs_the_confidence_is_that_for_a_cost() -> None:
    report = with_diagnostics(sample_report())
    costed = report.model_copy(update={"asked": report.asked.model_copy(update={"costs": {"sales": {"billing": 5}}})})
    assert "Confidence for a cost of 100" in [column.name for column in confidence(costed).columns]
    for text, wanted in ((render_markdown(report), "precision"), (render_markdown(costed), "cost of 1,000 rows")):
        assert f"was shown to give the wanted {wanted} on so few" in text
    assert "the wanted cost of 1,000 rows on so few" in render_html(costed)


def test_a_report_without_any_of_it_says_nothing_of_it() -> None:
    for text in (render_markdown(sample_report()), render_html(sample_report())):
        assert "Would more labels help" not in text
        assert "confidence can be trusted" not in text
