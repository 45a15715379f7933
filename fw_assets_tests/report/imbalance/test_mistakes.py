from __future__ import annotations

import pytest

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.imbalance.macro import label_averages
from fw_assets.report.imbalance.majority import below_line, below_line_text
from fw_assets.report.imbalance.mistakes import mistakes_sentence
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.mistakes import CostChoice, MistakeCostsResult, ModelMistakes
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.answer import answer, questions
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.caveats import caveats
from fw_assets_tests.report.samples import sample_report


def with_mistakes(
    verdict: Verdict = "better", base: float = 450.0, p_value: float = 1e-9, absent: tuple[str, ...] = ()
) -> Report:
    choice = CostChoice(
        first="minilm-ngram",
        second="minilm-ngram",
        before=450,
        after=120,
        saved=330,
        interval=(260, 400),
        p_value=p_value,
        margin=20,
        verdict=verdict,
        absent=absent,
    )
    models = (
        ModelMistakes(name="minilm-ngram", kind="base", cost=base, interval=(400, 500)),
        ModelMistakes(name="minilm-ngram", kind="tuned", cost=120, interval=(80, 190)),
    )
    result = MistakeCostsResult(models=models, constant="sales", constant_cost=700, choice=choice)
    return sample_report().model_copy(update={"mistakes": result})


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("better", "mistakes of the fine-tuned minilm-ngram cost less than those of its base model"),
        ("worse", "mistakes of the fine-tuned minilm-ngram cost more than those of its base model"),
        ("as good", "mistakes of the fine-tuned minilm-ngram cost at most 20 for 1,000 rows more than those of"),
        ("cannot be told", "it cannot be told whether mistakes of the fine-tuned minilm-ngram cost less than"),
    ],
)
def test_what_mistakes_cost_is_part_of_the_answer(verdict: Verdict, text: str) -> None:
    report = with_mistakes(verdict, p_value=1e-9 if verdict in ("better", "worse") else 0.4)
    sentence = mistakes_sentence(report)
    assert sentence.startswith(f"By the session's costs, {text}")
    assert "120 in place of 450 for 1,000 rows (−330, 95% interval −400 to −260; p " in sentence
    assert sentence in dict(questions(report))["What do mistakes cost?"]
    assert "120 in place of 450 for 1,000 rows." in answer(report)
    assert "Always answering sales costs 700." in dict(questions(report))["What do mistakes cost?"]


def test_every_model_has_its_cost_beside_its_accuracy() -> None:
    report = with_mistakes()
    table = label_averages(judged_models(report, ordered(report)))
    assert table.columns[-1].name == "Cost of 1,000 rows"
    assert "120 (80–190)" in {row[-1] for row in table.rows}
    for rendered in (render_markdown(report), render_html(report)):
        assert "Cost of 1,000 rows" in rendered
        assert "What mistakes in so many rows are expected to cost" in rendered
    assert "Cost of 1,000 rows" not in render_markdown(sample_report())


def test_with_costs_the_line_is_the_cheapest_constant_answer() -> None:
    assert not below_line(with_mistakes())
    dear = with_mistakes(base=800)
    assert below_line(dear)
    assert below_line_text(dear).endswith("cost 800 for 1,000 rows, more than always answering sales (700)")


@pytest.mark.parametrize(
    ("constant", "said"),
    [
        (700, ()),
        (450, ("Mistakes of the base model cost 450 for 1,000 rows, not shown to be less than",)),
        (
            300,
            ("Mistakes of the base model cost 450 for 1,000 rows, more than those of always answering sales (300).",),
        ),
    ],
)
def test_with_costs_the_caution_of_the_constant_answer_is_by_them(constant: float, said: tuple[str, ...]) -> None:
    report = with_mistakes()
    assert report.mistakes is not None
    report = report.model_copy(update={"mistakes": report.mistakes.model_copy(update={"constant_cost": constant})})
    notes = [note for note in caveats(report) if "always answering" in note]
    assert len(notes) == len(said)
    assert all(note.startswith(start) for note, start in zip(notes, said, strict=True))


@pytest.mark.parametrize(("absent", "why"), [((), "open)."), (("spam",), "open: spam has no test rows).")])
def test_no_p_stands_beside_a_verdict_that_unseen_mistakes_leave_open(absent: tuple[str, ...], why: str) -> None:
    sentence = mistakes_sentence(with_mistakes("cannot be told", absent=absent))
    assert "p <" not in sentence
    assert sentence.endswith(f"; mistakes that these rows do not show leave it {why}")
    assert "p < 0.0001" in mistakes_sentence(with_mistakes("better", absent=absent))
