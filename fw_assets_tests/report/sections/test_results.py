from __future__ import annotations

from fw_assets.report.sections.results import comparison, flips, language_model_note
from fw_assets_tests.report.samples import sample_report


def test_copies_of_a_row_that_changed_are_shown_once() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.comparison is not None
    shown = flips(first, "gained").rows
    assert len(shown) > 1
    copied = first.comparison.model_copy(update={"flips": tuple(f for f in first.comparison.flips for _ in range(4))})
    candidate = first.model_copy(update={"comparison": copied})
    assert flips(candidate, "gained").rows == shown
    assert flips(candidate, "gained", 1).rows == shown[:1]


def test_the_winner_is_called_what_it_is_everywhere() -> None:
    assert comparison(sample_report()).rows[0][-1] == "winner (fine-tuned)"


def test_the_interval_of_a_difference_names_a_confidence_that_is_not_the_tables() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.comparison is not None
    alone = first.comparison.model_copy(update={"level": 0.05})
    adjusted = first.comparison.model_copy(update={"level": 0.05 / 3})
    for compared, said in ((alone, ")"), (adjusted, ", 98.33%)")):
        changed = first.model_copy(update={"comparison": compared})
        cell = comparison(report.model_copy(update={"candidates": (changed,)})).rows[0][3]
        assert cell.endswith(said)
        assert ("98.33" in cell) == (compared is adjusted)


def test_a_report_without_a_language_model_says_what_one_would_take() -> None:
    report = sample_report()
    one = report.candidates[0]
    small = [
        one.model_copy(update={"model": f"accounts/fireworks/models/{id}"}) for id in ("minilm-ngram", "char-ngram")
    ]
    large = one.model_copy(update={"model": "accounts/fireworks/models/smollm2-135m"})
    without = report.model_copy(update={"candidates": tuple(small)})
    assert "The command fw-assets setup llm adds smollm2-135m" in language_model_note(without)
    assert language_model_note(report.model_copy(update={"candidates": (*small, large)})) == ""
    elsewhere = without.run.model_copy(update={"platform": "fireworks"})
    assert language_model_note(without.model_copy(update={"run": elsewhere})) == ""
