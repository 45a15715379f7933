from __future__ import annotations

import re

import numpy as np
import pytest

from fw_assets.classification.gate.deploy_gate import GateDecision, gate
from fw_assets.classification.gate.gate_costs import GateCosts
from fw_assets.classification.gate.majority_line import MajorityLine, majority_line
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.expected_cost import Costs, best_constant, row_costs
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.cost_comparison import compare_costs
from fw_assets.classification.selection.pair_comparison import compare_all
from fw_assets.classification.selection.record_comparison import RecordComparison, compare_records
from fw_assets.classification.selection.selection import Candidate, ModelKind, Winner, choose_winner
from fw_assets.classification.selection.sign_flip import difference_interval, independent
from fw_assets.classification.selection.verdict import verdict as verdict_of
from fw_assets.classification.session import DeployPolicy
from fw_assets_tests.classification.prediction_frames import Row, frame
from fw_assets_tests.classification.records import predictions, record, said


def candidate(
    model: str, right: int, *, price: float | None = None, kind: ModelKind = "base", rows: int = 200
) -> Candidate:
    return Candidate(model=model, kind=kind, validation=wilson(right, rows), price=price)


def tuned() -> Winner:
    return choose_winner([candidate("m", 190, kind="tuned"), candidate("m", 150)])


def compared(
    base: list[Row],
    after: list[Row],
    reason: str = "off_label",
    margin: float = 0.02,
    guard: GatePolicy | None = None,
) -> Comparison:
    before, tuned = frame(base, reason=reason), frame(after)
    return compare(before, tuned, labels=("a", "b", "c"), resamples=0, margin=margin, guard=guard or GatePolicy())


def times(many: int, gold: str, predicted: str) -> list[Row]:
    return [([gold], [predicted])] * many


def table(gained: int, lost: int, same: int = 100) -> Comparison:
    base: list[Row] = times(same, "a", "a") + times(gained, "a", "b") + times(lost, "a", "a")
    after: list[Row] = times(same, "a", "a") + times(gained, "a", "a") + times(lost, "a", "b")
    return compared(base, after)


def test_a_better_model_is_deployed() -> None:
    decision = gate(tuned(), table(30, 2))
    assert decision.decision == "deploy"
    assert decision.deploys
    assert decision.why.startswith("Better than its base model on 132 test rows (+21.2 points")


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (30, 18), (10, 10), (2, 30)])
def test_without_evidence_the_base_model_is_kept(gained: int, lost: int) -> None:
    decision = gate(tuned(), table(gained, lost))
    assert decision.decision == "keep-base"
    assert not decision.deploys


def test_a_base_winner_costs_nothing() -> None:
    winner = choose_winner([candidate("m", 190), candidate("m", 150, kind="tuned")])
    assert gate(winner, None).decision == "keep-base"
    assert gate(winner, None, "always").decision == "keep-base"


def test_a_winner_without_rivals_that_were_tuned_beat_none() -> None:
    alone = gate(choose_winner([candidate("m", 190), candidate("n", 150)]), None)
    assert alone.why.startswith("Nothing was fine-tuned: m is best on validation")
    assert "won" not in alone.why
    rival = gate(choose_winner([candidate("m", 190), candidate("m", 150, kind="tuned")]), None)
    assert rival.why.startswith("No fine-tuned model won: m is best on validation")


def test_never_and_always() -> None:
    assert gate(tuned(), table(30, 2), "never").decision == "not-asked"
    assert gate(tuned(), table(0, 30), "always").decision == "deploy"


@pytest.mark.parametrize("wish", ["if-better", "always"])
def test_incomplete_never_deploys(wish: DeployPolicy) -> None:
    rows: list[Row] = times(40, "a", "b")
    after: list[Row] = times(41, "a", "a")
    unfinished = compared([*rows, (["a"], None)], after, reason="failed")
    assert gate(tuned(), unfinished, wish).decision == "incomplete"
    assert gate(tuned(), table(30, 2), wish, complete=False).decision == "incomplete"
    assert gate(tuned(), None, wish).decision == "incomplete"


def test_a_label_that_loses_too_much_forbids_it() -> None:
    base: list[Row] = times(80, "a", "c") + times(30, "b", "b")
    after: list[Row] = times(80, "a", "a") + times(15, "b", "b") + times(15, "b", "c")
    comparison = compared(base, after)
    decision = gate(tuned(), comparison)
    assert comparison.verdict == "better"
    assert decision.decision == "keep-base"
    assert [change.label for change in decision.losing_labels] == ["b"]
    assert decision.why.endswith(
        "but 1 of its labels lost more than 0.1 of its F1 beyond chance, most of all b (F1 1.00 to 0.67, recall "
        "100.0 % to 50.0 % of 30 rows, precision 100.0 % to 100.0 %)."
    )
    assert decision.label_check is not None
    assert decision.label_check.checked == 2
    assert gate(tuned(), comparison, policy=GatePolicy(label_loss=0.6)).decision == "deploy"
    few = GatePolicy(label_rows=31)
    assert gate(tuned(), compared(base, after, guard=few), policy=few).decision == "deploy"
    assert gate(tuned(), comparison, "always").decision == "deploy"


def test_a_loss_that_may_be_chance_is_watched_only() -> None:
    base: list[Row] = times(80, "a", "c") + times(20, "b", "b")
    after: list[Row] = times(80, "a", "a") + times(16, "b", "b") + times(4, "b", "c")
    decision = gate(tuned(), compared(base, after))
    assert decision.decision == "deploy"
    assert [change.label for change in decision.watch_labels] == ["b"]


def test_a_label_that_was_said_of_everything_forbids_nothing() -> None:
    """Its recall falls and its precision rises: no honest model keeps the recall of a label that is always said."""
    base: list[Row] = times(80, "a", "b") + times(30, "b", "b")
    after: list[Row] = times(80, "a", "a") + times(15, "b", "b") + times(15, "b", "a")
    decision = gate(tuned(), compared(base, after))
    assert decision.decision == "deploy"
    assert (decision.losing_labels, decision.watch_labels) == ((), ())


def test_a_label_that_is_said_of_everything_afterwards_forbids_it() -> None:
    """Its recall stays and its precision falls."""
    base: list[Row] = times(80, "a", "c") + times(60, "c", "c") + times(30, "b", "b")
    after: list[Row] = times(80, "a", "a") + times(20, "c", "c") + times(40, "c", "b") + times(30, "b", "b")
    decision = gate(tuned(), compared(base, after))
    assert decision.decision == "keep-base"
    assert "b" in [change.label for change in decision.losing_labels]


def test_decisions_of_earlier_versions_are_read() -> None:
    policy = {"rule": "superiority", "margin": 0.02, "label_loss": 0.1, "label_rows": 20, "alpha": 0.05}
    stored = {"decision": "deploy", "model": "m", "why": "Better.", "policy": policy}
    assert GateDecision.model_validate(stored).policy == GatePolicy()


def test_non_inferiority_asks_that_no_more_than_the_margin_is_lost() -> None:
    same = table(10, 10, same=2000)
    assert gate(tuned(), same).decision == "keep-base"
    rule = GatePolicy(rule="non-inferiority")
    assert gate(tuned(), same, policy=rule).decision == "deploy"
    assert gate(tuned(), same.model_copy(update={"margin": 0.001}), policy=rule).decision == "keep-base"


def test_the_gate_goes_by_the_adjusted_p_value() -> None:
    one = table(12, 2)
    together = compare_all(dict.fromkeys("wxyz", one))["w"]
    assert gate(tuned(), one).decision == "deploy"
    assert gate(tuned(), together).decision == "keep-base"


def test_equal_models_are_hardly_ever_deployed() -> None:
    """1,000 comparisons of two equally good models on 300 rows: at most 2.5 % pass, the test's upper tail."""
    tables = np.random.default_rng(11).multinomial(300, (0.7, 0.08, 0.08, 0.14), size=1000)
    example = table(1, 1)
    winner = tuned()
    passed = 0
    for counts in tables:
        both, gained, lost, neither = map(int, counts)
        verdict = verdict_of(difference_interval(independent(both, gained, lost, neither)), 0.02)
        passed += gate(winner, example.model_copy(update={"verdict": verdict, "per_label": ()})).deploys
    assert passed / 1000 <= 0.03


def test_the_gate_names_the_best_model_that_needs_no_tuning() -> None:
    winner = choose_winner([candidate("m", 190, kind="tuned"), candidate("m", 120), candidate("strong", 185)])
    assert winner.untuned == "strong"
    decision = gate(winner, table(3, 2))
    assert (decision.decision, decision.against) == ("keep-base", "strong")
    assert "strong, the model that needs no tuning and was best on the validation rows," in decision.why
    assert decision.why.endswith("strong is kept.")
    assert gate(winner, table(30, 2)).why.startswith("Better than strong, the model that needs no tuning and was best")
    equal = gate(winner, table(0, 0)).why
    assert "(0.0 points, " in equal, "no sign before what rounds to zero"
    assert not re.search(r"[+-]0\.0\b", equal)


def scores(rows: list[Row], constant: str = "a") -> MajorityLine:
    """A model against always giving `constant`, the most frequent label of the training rows."""
    always = frame([(gold, [constant]) for gold, _ in rows])
    return majority_line(score(frame(rows), ("a", "b", "c"), False), frame(rows), always)


def test_a_base_model_below_the_majority_line_is_not_kept() -> None:
    below = scores(times(10, "a", "a") + times(60, "a", "b") + times(30, "b", "b"))
    above = scores(times(60, "a", "a") + times(10, "a", "b") + times(30, "b", "b"))
    decision = gate(tuned(), table(3, 2), untuned=below)
    assert decision.decision == "keep-none"
    assert decision.why.endswith(
        "m is kept. m has 40.0 % of the test rows right, which is worse than always answering the most frequent label "
        "of the training rows (70.0 %), so it is not recommended either."
    )
    won = choose_winner([candidate("m", 190), candidate("m", 150, kind="tuned")])
    assert gate(won, None, untuned=below).decision == "keep-none"
    assert gate(won, None, untuned=above).decision == "keep-base"
    assert gate(tuned(), table(3, 2), untuned=above).decision == "keep-base"
    assert gate(tuned(), table(30, 2), untuned=below).decision == "deploy"
    assert gate(won, None, "never", untuned=below).decision == "not-asked"


def test_a_tuned_model_that_learned_nothing_is_not_deployed_unless_it_is_asked_for() -> None:
    nothing = scores(times(60, "a", "a") + times(10, "a", "b") + times(30, "b", "a"))
    rare = scores(times(240, "a", "a") + times(60, "a", "b") + times(20, "b", "b"))
    assert nothing.scores.accuracy.value < nothing.constant
    assert rare.scores.accuracy.value < rare.constant
    better = table(30, 2)
    constant = scores(times(70, "a", "a") + times(30, "b", "a"))
    assert constant.scores.accuracy.value == constant.constant
    refused = gate(tuned(), better, tuned=constant, untuned=constant)
    assert refused.decision == "keep-none"
    assert "has 70.0 % of the test rows right, which is not shown to be better than always" in refused.why
    assert gate(tuned(), better, tuned=nothing).decision == "keep-base"
    assert gate(tuned(), better, tuned=nothing, untuned=nothing).decision == "keep-none"
    assert gate(tuned(), better, "always", tuned=nothing).decision == "deploy"
    assert gate(tuned(), better, tuned=rare).decision == "deploy", "it finds the rows of the rare label"


def test_the_constant_answer_is_judged_by_a_test_and_not_by_two_figures() -> None:
    won = choose_winner([candidate("m", 190), candidate("m", 150, kind="tuned")])
    ahead = scores(times(11, "a", "a") + times(9, "a", "b") + times(10, "b", "b") + times(8, "b", "a"))
    assert ahead.scores.accuracy.value > ahead.constant
    none = gate(won, None, untuned=ahead)
    assert none.decision == "keep-none"
    assert "is not shown to be better than always answering the most frequent label of the training rows" in none.why
    behind = scores(times(190, "a", "a") + times(6, "a", "b") + times(4, "b", "b"))
    assert behind.scores.accuracy.value < behind.constant
    assert gate(won, None, untuned=behind).decision == "keep-base", "it is not shown to be worse, and finds b"


def test_the_constant_answer_is_that_of_the_training_rows() -> None:
    """Most test rows are b, most training rows were a: nobody could have known to answer b."""
    won = choose_winner([candidate("m", 190), candidate("m", 150, kind="tuned")])
    rows = times(17, "a", "a") + times(63, "b", "b") + times(20, "b", "a")
    assert scores(rows).constant == pytest.approx(0.17)
    assert gate(won, None, untuned=scores(rows)).decision == "keep-base"
    assert gate(won, None, untuned=scores(times(17, "a", "b") + times(83, "b", "b"), "b")).decision == "keep-none"


def gate_costs(base: list[Row], after: list[Row], costs: Costs) -> GateCosts:
    before, tuned = frame(base), frame(after)
    labels = ("a", "b", "c")
    compared = compare_costs(before, tuned, labels=labels, costs=costs, margin=0.02)
    rows = row_costs(before, labels, costs)
    return GateCosts(compared, compared.after, compared.before, best_constant(rows, labels))


def test_with_costs_the_gate_goes_by_the_costs() -> None:
    """More rows are right, and their mistakes cost more; and the other way round."""
    base, after = times(90, "a", "c") + times(40, "b", "b"), times(90, "a", "a") + times(40, "b", "c")
    comparison = compared(base, after)
    costs: Costs = {"b": {"c": 10}}
    dearer = gate(tuned(), comparison, costs=gate_costs(base, after, costs))
    assert comparison.verdict == "better"
    assert dearer.decision == "keep-none", "always answering a costs less than the base model too"
    assert dearer.why.startswith(
        "Its mistakes cost more than those of its base model on 130 test rows (3,077 in place of"
    )
    before = times(90, "a", "a") + times(20, "b", "c")
    fewer_right = times(60, "a", "a") + times(30, "a", "c") + times(20, "b", "b")
    cheaper = gate(
        tuned(),
        compared(before, fewer_right),
        policy=GatePolicy(label_loss=1),
        costs=gate_costs(before, fewer_right, {"b": {"c": 10, "a": 10}}),
    )
    assert compared(before, fewer_right).difference.value < 0
    assert cheaper.decision == "deploy"
    assert cheaper.costs is not None
    assert cheaper.costs.verdict == "better"
    assert gate(tuned(), comparison, "always", costs=gate_costs(base, after, costs)).decision == "deploy"


def test_the_gate_says_where_mistakes_that_the_rows_do_not_show_leave_the_costs_open() -> None:
    base = times(20, "a", "c") + times(170, "a", "a") + times(10, "b", "b")
    after = times(190, "a", "a") + times(10, "b", "b")
    decision = gate(tuned(), compared(base, after), costs=gate_costs(base, after, {"b": {"a": 20}}))
    assert decision.decision == "keep-base"
    assert "Whether the winner's mistakes cost less than those of its base model cannot be told" in decision.why
    assert "; mistakes that these rows do not show leave it open: c has no test rows)" in decision.why
    assert "p <" not in decision.why


def test_with_costs_no_model_is_kept_that_costs_more_than_one_answer() -> None:
    base = times(60, "a", "a") + times(20, "b", "a")
    after = times(60, "a", "a") + times(1, "b", "b") + times(19, "b", "a")
    comparison = compared(base, after)
    dear = gate(tuned(), comparison, costs=gate_costs(base, after, {"b": {"a": 10}}))
    assert dear.decision == "keep-none"
    assert dear.why.endswith(
        "The mistakes of m cost 2,500 for 1,000 rows, more than always answering b (750), so it is not recommended "
        "either."
    )
    constant = gate(tuned(), comparison, costs=gate_costs(base, after, {}))
    assert "cost 250 for 1,000 rows, as much as always answering a (250)" in constant.why


def test_an_adapter_that_won_is_deployed_where_it_beats_the_best_base_model() -> None:
    adapter = candidate("mine", 190).model_copy(update={"adapter": True})
    winner = choose_winner([adapter, candidate("m", 150)])
    decision = gate(winner, table(30, 2))
    assert decision.decision == "deploy"
    assert decision.why.startswith("Better than m, the base model that was best on the validation rows, on 132")
    kept = gate(winner, table(5, 5))
    assert (kept.decision, kept.against) == ("keep-base", "m")
    assert kept.why.startswith(
        "Whether the adapter mine is better than m, the base model that was best on the validation rows, cannot be told"
    )
    assert gate(winner, table(5, 5), "always").decision == "deploy"
    assert gate(winner, table(5, 5), "never").decision == "not-asked"
    assert gate(winner, None).decision == "incomplete"


def fields(gained: int, lost: int) -> RecordComparison:
    """The second model gains so many topics and loses so many stars, of 120 rows."""
    right = record("food", 1, "n")
    before = [record("room" if i < gained else "food", 1, "n") for i in range(120)]
    after = [record("food", 2 if i < lost else 1, "n") for i in range(120)]
    first, second = (predictions([right] * 120, said(*given)) for given in (before, after))
    return compare_records([first], [second], names=("topic", "stars", "note"), margin=0.02)


def test_all_fields_decide_whatever_became_of_the_label() -> None:
    """The label alone shows nothing, and is below the majority line."""
    level = scores(times(60, "a", "b") + times(60, "a", "a"))
    decision = gate(tuned(), table(0, 0), fields=fields(40, 0), tuned=level, untuned=level)
    assert decision.decision == "deploy"
    assert decision.why.startswith("Better than its base model on all 3 fields of 120 test rows (+11.1 points")
    assert decision.fields is not None
    assert gate(tuned(), table(30, 2), fields=fields(0, 0)).decision == "keep-base"


def test_a_field_that_is_shown_to_be_worse_forbids_deployment() -> None:
    decision = gate(tuned(), table(30, 2), fields=fields(90, 30))
    assert decision.decision == "keep-base"
    assert "but shown to be worse in stars (-25.0 points, p < 0.0001)" in decision.why
    assert gate(tuned(), table(30, 2), fields=fields(90, 2)).decision == "deploy"
    assert gate(tuned(), table(30, 2), "always", fields=fields(90, 30)).decision == "deploy"


def test_a_decision_on_fields_survives_json() -> None:
    decision = gate(tuned(), table(30, 2), fields=fields(90, 30))
    assert GateDecision.model_validate_json(decision.model_dump_json()) == decision
