"""The majority trap in the headline, and base models below the majority line."""

from __future__ import annotations

import html

import pytest

from fw_assets.report.assembly.baselines import at_majority
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.imbalance.macro import label_averages
from fw_assets.report.imbalance.majority import below_line, instead, most_frequent, trap_sentence
from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.comparison import BaselineResult
from fw_assets.report.schema.dataset import SplitRows
from fw_assets.report.schema.mistakes import MistakeCostsResult, ModelMistakes
from fw_assets.report.schema.model_result import LabelResult
from fw_assets.report.schema.report import DeploymentResult, Report, WinnerResult
from fw_assets.report.sections.answer import answer, answer_parts, questions
from fw_assets.report.sections.candidates import headline_models, ordered
from fw_assets.report.sections.caveats import caveats
from fw_assets_tests.report.samples import sample_report

FREE = BaselineResult(
    name="tfidf",
    method="words",
    accuracy=0.9,
    interval=(0.85, 0.94),
    macro_f1=0.3,
    balanced_accuracy=0.25,
    validation_accuracy=0.9,
)
"""A model that costs nothing and is above every line of these reports."""


def with_figures(report: Report, *, majority: float, base: float, tuned: float, balanced: float) -> Report:
    """The report with other accuracies in its first candidate, which are those of both models of it."""
    first = report.candidates[0]
    assert first.base is not None
    assert first.tuned is not None
    shared = {
        "majority_accuracy": majority,
        "balanced_accuracy": balanced,
        "balanced_accuracy_interval": (balanced - 0.1, balanced + 0.05),
    }
    changed = first.model_copy(
        update={
            "base": first.base.model_copy(update={**shared, "accuracy": base, "interval": (base - 0.02, base + 0.02)}),
            "tuned": first.tuned.model_copy(
                update={**shared, "accuracy": tuned, "interval": (tuned - 0.02, tuned + 0.02)}
            ),
        }
    )
    return report.model_copy(update={"candidates": (changed, *report.candidates[1:])})


def kept(report: Report, decision: str = "keep-base") -> Report:
    base = report.candidates[0].model
    changes = {
        "winner": WinnerResult(model=base, kind="base", base_model=base),
        "deployment": DeploymentResult.model_validate({"decision": decision, "why": "No tuned model was better."}),
    }
    return report.model_copy(update=changes)


@pytest.mark.parametrize(
    ("majority", "tuned", "balanced", "trapped"),
    [
        (0.975, 0.978, 0.70, True),
        (0.975, 0.990, 0.93, True),
        (0.60, 0.90, 0.70, False),
        (0.975, 0.975, 0.965, False),
        (0.28, 0.29, 0.30, False),
    ],
)
def test_the_majority_trap_is_named_in_the_headline(
    majority: float, tuned: float, balanced: float, trapped: bool
) -> None:
    report = with_figures(sample_report(), majority=majority, base=tuned, tuned=tuned, balanced=balanced)
    sentence = trap_sentence(report, headline_models(report))
    assert bool(sentence) == trapped
    if trapped:
        assert f"is right in {100 * majority:.1f}% of the test rows" in sentence
        assert f"{100 * balanced:.1f}% for the fine-tuned minilm-ngram" in sentence
        assert sentence in answer(report)
        assert "better than always" not in render_markdown(report)
    multi = report.model_copy(update={"data": report.data.model_copy(update={"multi_label": True})})
    assert not trap_sentence(multi, headline_models(multi))


def test_a_base_model_that_the_gate_refuses_too_is_never_recommended() -> None:
    report = kept(with_figures(sample_report(), majority=0.3, base=0.2, tuned=0.6, balanced=0.4), "keep-none")
    assert below_line(report)
    text = answer(report)
    assert "None of the models that were asked is recommended" in text
    assert "20.0% of the test rows right, is worse than always answering" in text
    assert "Keep" not in text
    now = dict(questions(report))["What now?"]
    assert "Keep using" not in now
    assert "the fine-tuned minilm-ngram has 60.0%" in now
    assert "deploy: always" not in now, "that deploys a winner that is fine-tuned, and here a base model won"
    won = report.model_copy(update={"winner": report.winner and report.winner.model_copy(update={"kind": "tuned"})})
    assert "the fine-tuned minilm-ngram has 60.0%, and deploy: always serves it" in dict(questions(won))["What now?"]
    for rendered in (render_markdown(report), render_html(report)):
        assert "Keep using" not in rendered


def test_a_stored_report_says_what_its_answer_says() -> None:
    """The gate of an earlier version kept a model below the line: every sentence goes by its decision."""
    report = kept(with_figures(sample_report(), majority=0.3, base=0.2, tuned=0.6, balanced=0.4), "keep-base")
    assert "Keep minilm-ngram" in answer(report)
    now = dict(questions(report))["What now?"]
    assert "Keep using" in now
    assert "What can be done" not in now


def with_adapter(report: Report, decision: str, status: str = "complete") -> Report:
    """The report where the second candidate is an adapter that won, on four test rows more than the line."""
    first, second = (item.model_copy(update={"tuned": None, "comparison": None}) for item in report.candidates[:2])
    assert first.base is not None
    assert second.base is not None
    low = first.base.model_copy(update={"accuracy": 0.2, "majority_accuracy": 0.5, "interval": (0.15, 0.25)})
    high = second.base.model_copy(update={"accuracy": 0.9, "majority_accuracy": 0.5, "interval": (0.87, 0.93)})
    adapter = second.model_copy(update={"base": high, "adapter_of": first.model})
    winner = WinnerResult(
        model=adapter.model, kind="base", base_model=adapter.model, untuned=first.model, adapter_of=first.model
    )
    changes = {
        "candidates": (first.model_copy(update={"base": low}), adapter),
        "winner": winner,
        "deployment": DeploymentResult.model_validate({"decision": decision, "why": "As said."}),
        "status": status,
        "choice": None,
    }
    return report.model_copy(update=changes)


@pytest.mark.parametrize(("decision", "below"), [("not-asked", False), ("keep-base", True), ("keep-none", True)])
def test_an_adapter_that_wins_is_held_against_the_line_by_its_own_figures(decision: str, below: bool) -> None:
    report = with_adapter(sample_report(), decision)
    assert below_line(report) == below, "the base model's, only where the gate keeps that"
    base, adapter = (item.model for item in report.candidates)
    assert report.kept == (base if below else adapter)


@pytest.mark.parametrize("status", ["benchmark", "complete"])
def test_nothing_of_a_good_adapter_is_said_from_its_base_model(status: str) -> None:
    report = with_adapter(sample_report(), "not-asked", status)
    told = f"{answer(report)} {dict(questions(report))['What now?']}"
    assert "less than always answering" not in told
    assert "What can be done" not in told


def test_what_can_be_done_goes_by_costs_where_there_are_any() -> None:
    report = kept(with_figures(sample_report(), majority=0.3, base=0.2, tuned=0.6, balanced=0.4), "keep-none")
    models = [("minilm-ngram", "base", 800.0), ("minilm-ngram", "tuned", 90.0), ("tfidf", "baseline", 900.0)]
    mistakes = MistakeCostsResult(
        models=tuple(
            ModelMistakes.model_validate({"name": name, "kind": kind, "cost": cost, "interval": (cost, cost)})
            for name, kind, cost in models
        ),
        constant="sales",
        constant_cost=500.0,
    )
    text = instead(report.model_copy(update={"mistakes": mistakes, "baselines": (FREE,)}))
    assert "mistakes of the fine-tuned minilm-ngram cost 90 for 1,000 rows" in text
    assert "TF-IDF" not in text, "its mistakes cost more than one constant answer"
    assert "60.0%" not in text
    cheap = mistakes.model_copy(
        update={"models": (*mistakes.models[:2], mistakes.models[2].model_copy(update={"cost": 50.0}))}
    )
    free_text = instead(report.model_copy(update={"mistakes": cheap, "baselines": (FREE,)}))
    assert "which is free, cost 50 for 1,000 rows" in free_text


def test_where_none_is_recommended_a_tuned_winner_is_not_passed_over() -> None:
    base = sample_report().candidates[0].model
    winner = WinnerResult(model="accounts/a/models/t", kind="tuned", base_model=base, untuned=base)
    report = kept(with_figures(sample_report(), majority=0.6, base=0.2, tuned=0.6, balanced=0.4), "keep-none")
    report = report.model_copy(update={"winner": winner})
    own = "always answering sales (60.0%), and the fine-tuned minilm-ngram (60.0%) is not shown to be better than that;"
    assert own in answer(report), "it has as many right, which is no worse"
    worse = kept(with_figures(sample_report(), majority=0.6, base=0.2, tuned=0.5, balanced=0.4), "keep-none")
    worse = worse.model_copy(update={"winner": winner})
    assert "always answering sales (60.0%), and so is the fine-tuned minilm-ngram (50.0%); nothing" in answer(worse)
    costs = [("minilm-ngram", "base", 800.0), ("minilm-ngram", "tuned", 500.0)]
    mistakes = MistakeCostsResult(
        models=tuple(
            ModelMistakes.model_validate({"name": name, "kind": kind, "cost": cost, "interval": (cost, cost)})
            for name, kind, cost in costs
        ),
        constant="sales",
        constant_cost=500.0,
    )
    by_cost = answer(report.model_copy(update={"mistakes": mistakes}))
    assert "cost 800 for 1,000 rows, more than always answering sales (500), and those of the fine-tuned" in by_cost
    assert "the fine-tuned minilm-ngram cost 500; nothing was deployed" in by_cost
    better = kept(with_figures(sample_report(), majority=0.3, base=0.2, tuned=0.6, balanced=0.4), "keep-none")
    assert "and so is" not in answer(better.model_copy(update={"winner": winner})), (
        "it is above the line, and was refused for another reason"
    )


def test_the_heading_is_the_verdict_and_the_decision() -> None:
    report = kept(with_figures(sample_report(), majority=0.975, base=0.978, tuned=0.978, balanced=0.70))
    report = report.model_copy(update={"answer": answer(report)})
    head, remarks = answer_parts(report)
    assert f"{head} {remarks}" == report.answer
    assert head.endswith("nothing was deployed.")
    assert remarks.startswith("Accuracy says little here")
    page = render_html(report)
    assert f"</h1>\n<p>{head}</p>\n<p>{remarks}</p>" in html.unescape(page)
    earlier = report.model_copy(update={"answer": "As an earlier version put it."})
    assert answer_parts(earlier) == ("As an earlier version put it.", "")
    assert "<p>As an earlier version put it.</p>" in render_html(earlier)


def test_the_mistakes_of_an_adapter_are_its_own() -> None:
    report = with_adapter(sample_report(), "keep-base")
    adapter = report.candidates[1].model.rsplit("/", 1)[-1]
    item = ModelMistakes(name=adapter, kind="base", cost=70.0, interval=(60.0, 80.0))
    mistakes = MistakeCostsResult(models=(item,), constant="sales", constant_cost=500.0)
    (judged,) = [
        model
        for model in judged_models(report.model_copy(update={"mistakes": mistakes}), ordered(report))
        if model.kind == "adapter"
    ]
    assert judged.mistakes == item


def test_the_trap_of_an_unfinished_run_hides_no_caution() -> None:
    report = with_figures(sample_report(), majority=0.975, base=0.978, tuned=0.978, balanced=0.70)
    unfinished = report.model_copy(update={"status": "incomplete", "incomplete": ("the ceiling was reached",)})
    assert trap_sentence(report, headline_models(report))
    assert not trap_sentence(unfinished, headline_models(unfinished))
    assert any("not shown to be better than always answering" in note for note in caveats(unfinished))
    assert not any("not shown to be better than always answering" in note for note in caveats(report))


def test_a_base_model_above_the_line_is_kept_as_before() -> None:
    report = kept(with_figures(sample_report(), majority=0.3, base=0.35, tuned=0.3, balanced=0.4))
    assert not below_line(report)
    assert "Keep minilm-ngram, which needs no tuning" in answer(report)


def test_where_all_are_below_the_line_the_data_is_to_be_looked_at() -> None:
    report = with_figures(sample_report(), majority=0.9, base=0.2, tuned=0.6, balanced=0.4)
    report = report.model_copy(update={"baselines": (), "candidates": report.candidates[:1]})
    assert instead(report) == (
        "What can be done: look at the labels and the prompt, name the labels in the system message, or try another "
        "base model."
    )


def test_every_model_and_baseline_is_in_the_table_of_label_averages() -> None:
    report = sample_report()
    table = label_averages(judged_models(report, ordered(report)))
    assert [column.name for column in table.columns] == ["Model", "", "Accuracy", "Macro-F1", "Balanced accuracy"]
    models = sum((c.base is not None) + (c.tuned is not None) for c in report.candidates)
    assert len(table.rows) == models + len(report.baselines)
    multi = report.model_copy(update={"data": report.data.model_copy(update={"multi_label": True})})
    assert [column.name for column in label_averages(judged_models(multi, ordered(multi))).columns] == [
        "Model", "", "Exact sets", "Macro-F1",
    ]  # fmt: skip


def test_a_benchmark_of_a_model_below_the_line_says_so_and_praises_no_constant_answer() -> None:
    report = with_figures(sample_report(), majority=0.9, base=0.2, tuned=0.6, balanced=0.4)
    first = report.candidates[0].model_copy(update={"tuned": None, "comparison": None})
    winner = WinnerResult(model=first.model, kind="base", base_model=first.model)
    report = report.model_copy(
        update={"status": "benchmark", "candidates": (first,), "winner": winner, "choice": None, "baselines": (FREE,)}
    )
    assert "minilm-ngram (20.0%) is below always answering" in answer(report)
    assert "TF-IDF" not in instead(report)


def with_majority_baseline(report: Report, label: str, accuracy: float, parts: dict[str, tuple[int, int]]) -> Report:
    """The report of labels with (training, test) rows, beside the constant answer of the training rows."""
    first = report.candidates[0]
    assert first.base is not None
    tested = {name: LabelResult(accuracy=0.5, support=test) for name, (_, test) in parts.items()}
    majority = BaselineResult(
        name="majority",
        method="always",
        accuracy=accuracy,
        interval=(accuracy, accuracy),
        macro_f1=None,
        balanced_accuracy=None,
        validation_accuracy=accuracy,
        label=label,
    )
    base = first.base.model_copy(update={"per_label": tested, "majority_accuracy": 0.83})
    held = at_majority([first.model_copy(update={"base": base})], [majority])
    rows = {name: SplitRows(train=train, validation=0, test=test) for name, (train, test) in parts.items()}
    data = report.data.model_copy(update={"label_rows": rows})
    return report.model_copy(update={"candidates": held, "baselines": (majority,), "data": data})


def test_the_line_is_that_of_the_training_rows_and_parts_that_differ_are_a_caution() -> None:
    report = with_majority_baseline(sample_report(), "True", 0.17, {"False": (17, 83), "True": (83, 17)})
    for item in report.candidates:
        assert all(result is None or result.majority_accuracy == 0.17 for result in (item.base, item.tuned))
    assert most_frequent(report) == "True"
    (note,) = [text for text in caveats(report) if "not alike" in text]
    assert note.startswith("83% of the test rows are False, and 17% of the training rows, most of which are True")
    assert "always the most frequent label: 17.0%" in accuracy_bars(report)


def test_labels_that_are_as_frequent_take_turns_by_chance() -> None:
    report = with_majority_baseline(sample_report(), "a", 0.49, {"a": (500, 49), "b": (500, 51)})
    assert not any("not alike" in text for text in caveats(report))
    assert most_frequent(report) == "a"
