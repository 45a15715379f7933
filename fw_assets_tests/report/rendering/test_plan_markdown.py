from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from fw_assets.classification.cost.deployment_lines import DEAREST
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.session import Session
from fw_assets.report.formatting import Quoted
from fw_assets.report.plan.costs import traffic
from fw_assets.report.rendering.markdown import render_plan
from fw_assets_tests.report.workflow import MODELS, planned


def test_the_first_screen_says_what_a_yes_costs_and_how_to_give_it() -> None:
    plan, _, _ = planned()
    top = "\n".join(render_plan(plan, yes=Quoted("fw-assets approve x")).split("\n")[:16])
    assert "| How to say yes? | `fw-assets approve x` |" in top
    assert "Benchmark qwen3-8b and qwen3-4b, fine-tune the best one with 3 settings" in top
    assert f"${plan.estimate.expected:.2f} expected" in top
    assert "account, billing, sales and technical" in top
    assert "please confirm" in top


def test_a_label_with_a_comma_shows_where_it_ends_and_joined_spellings_have_their_rows() -> None:
    plan, _, _ = planned()
    names = ("cards, arrival", "account", "pros and cons", "sales")
    written = {"labels": names, "aliases": (("Account", "account"),), "alias_rows": {"Account": 7}}
    text = render_plan(plan.model_copy(update={"label_set": plan.label_set.model_copy(update=written)}))
    assert "“cards, arrival”, account, “pros and cons” and sales" in text
    assert re.search(r"\| *`?Account`? *\| *`?account`? *\| *7 *\|", text)


def test_stage_costs_add_up_to_the_total() -> None:
    plan, _, _ = planned()
    table = render_plan(plan).split("## Cost\n")[1].split("\nWhich")[0].strip().split("\n")[2:]
    rows = [[cell.strip(" *$") for cell in line.strip("|").split("|")] for line in table if line.startswith("|")]
    for at in (1, 2, 3):
        figures = [float(row[at].replace(",", "")) for row in rows]
        assert round(sum(figures[:-1]), 4) == figures[-1]


def test_an_imbalance_is_shown_with_its_answers(tmp_path: Path) -> None:
    rows = [("ham", f"see you at {n} in room {n * 7}") for n in range(240)]
    rows += [("spam|x", f"win prize number {n * 13} now") for n in range(12)]
    data = tmp_path / "spam.jsonl"
    with data.open("w") as file:
        for label, text in rows:
            turns = [{"role": "user", "content": text}, {"role": "assistant", "content": label}]
            file.write(json.dumps({"messages": turns}) + "\n")
    plan, _, _ = planned(Session(dataset=str(data), models=MODELS, imbalance_threshold=5.0), data)
    text = render_plan(plan)
    assert "## Imbalance" in text
    assert "rebalance" in text
    assert "`spam\\|x`" in text
    types = {token.type for token in MarkdownIt("commonmark").enable("table").parse(text)}
    assert "html_block" not in types


def test_the_plan_says_what_the_gate_asks() -> None:
    usual, _, _ = planned(Session(dataset="x", models=MODELS))
    text = render_plan(usual)
    assert "If it is shown to be better than the model that needs no tuning and is best on the validation rows" in text
    gate = GatePolicy(rule="non-inferiority", label_loss=0.05, label_rows=10, alpha=0.01)
    other, _, _ = planned(Session(dataset="x", models=MODELS, gate=gate, margin=0.03))
    text = render_plan(other)
    assert (
        "If a loss of 3 points or more against the model that needs no tuning and is best on the validation rows is "
        "ruled out" in text
    )
    assert "10 distinct test rows or more lost more than 0.05 of its F1 beyond chance (1% for all labels" in text
    assert usual.digest != other.digest
    assert other.session.gate == gate


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (GatePolicy(), "deploy the winner if it is better."),
        (GatePolicy(rule="non-inferiority"), "deploy the winner if it is shown to be no worse, within the margin."),
    ],
)
def test_the_plan_has_one_rule_of_deployment(policy: GatePolicy, said: str) -> None:
    plan, _, _ = planned(Session(dataset="support-intents.jsonl", models=MODELS, gate=policy))
    text = " ".join(render_plan(plan).split())
    assert said in text
    assert ("if it is better" in text) == (policy.rule == "superiority")


def test_what_can_be_seen_is_by_what_unequal_groups_are_worth() -> None:
    plan, _, _ = planned()
    counted = {"groups": {"test": 55}, "effective_groups": {"test": 21.4}}
    unequal = plan.model_copy(update={"label_set": plan.label_set.model_copy(update=counted)})
    assert "55 distinct test rows, worth at least 21 independent ones of equal weight, show a true" in render_plan(
        unequal
    )
    assert "of equal weight" not in render_plan(plan)


def test_a_benchmark_plan_promises_no_tuning() -> None:
    plan, _, _ = planned(Session(dataset="x", models=MODELS, mode="benchmark"))
    text = render_plan(plan)
    assert "nothing is fine-tuned" in text
    assert "What can be seen?" not in text


def written(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """A dataset of (answer, text)."""
    data = folder / "data.jsonl"
    with data.open("w") as file:
        for answer, text in rows:
            turns = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"messages": turns}) + "\n")
    return data


def test_the_chosen_rule_stands_beside_the_others_with_ten_examples(tmp_path: Path) -> None:
    labels = ["billing", "sales|team", "support"]
    data = written(tmp_path, [(f"The intent is: {labels[n % 3]}", f"question {n} of {n * 7}") for n in range(60)])
    text = render_plan(planned(Session(dataset=str(data), models=MODELS), data)[0])
    said = "The label of a row is what follows “The intent is:” in the answer"
    assert f"{said} (the last assistant message). This rule, label_prefix:The intent is, was chosen" in text
    assert "100.0% of the rows have a label. Training teaches answers of this form" in text
    assert "every model is asked for it: `The intent is: billing`." in text
    rules = text.split("### Rules for finding the label")[1].split("###")[0]
    assert "| `label_prefix:The intent is` | 100.0% | 3 | 0.967 | chosen |" in rules
    assert "| `first_word` | 100.0% | 1 | 1.000 | finds one label only |" in rules
    examples = text.split("### Examples")[1].split("###")[0].strip().splitlines()
    assert len(examples) == 2 + 10
    assert examples[3] == "| `question 1 of 7` | `The intent is: sales\\|team` | `sales\\|team` |"
    forced = Session(dataset=str(data), models=MODELS, extraction="last_line")
    assert "This rule, last_line, was forced by the session" in render_plan(planned(forced, data)[0])


def test_a_mitigation_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    rows = [("ham", f"see you at {n} in room {n * 7}") for n in range(240)]
    rows += [("spam", f"win prize number {n * 13} now") for n in range(12)]
    data = written(tmp_path, rows)
    text = render_plan(planned(Session(dataset=str(data), models=MODELS, imbalance_threshold=5.0), data)[0])
    assert "| drop-rare | – | – | – | Not available: it would leave ham as the only label to learn. |" in text


def test_rows_that_are_alike_are_shown(tmp_path: Path) -> None:
    rows = [(("a", "b")[n % 2], f"question {n * 7919 % 10007} of {n * 31}") for n in range(60)]
    data = written(tmp_path, [*rows, ("a", "where is my | card"), ("a", "Where is my | card?")])
    text = render_plan(planned(Session(dataset=str(data), models=MODELS), data)[0])
    assert "| normalised | `train:61` | `train:62` | 1.00 | `Where is my \\| card?` |" in text


def test_unusable_rows_are_counted_at_the_top(tmp_path: Path) -> None:
    rows = [(("a", "b", "c")[n % 3], f"question {n} of {n * 7}") for n in range(60)]
    data = written(tmp_path, rows)
    session = Session(dataset=str(data), models=MODELS, labels=("a", "b"), bad_rows="quarantine")
    top = render_plan(planned(session, data)[0]).split("## Labels")[0]
    assert "20 rows left out as unusable." in top
    assert "**Careful:** 20 rows could not be used and are left out (unknown-label: 20)" in top


def test_the_price_of_several_candidates_is_that_of_the_dearest_at_most() -> None:
    plan = planned()[0]
    line = next(line for line in plan.estimate.lines if line.key == "deployment/idle-day")
    several = line.model_copy(update={"formula": f"{line.formula}{DEAREST}"})
    lines = tuple(several if item is line else item for item in plan.estimate.lines)
    differ = plan.model_copy(update={"estimate": plan.estimate.model_copy(update={"lines": lines})})
    assert re.search(r"cost at most \$[\d.]+: one replica of the dearest candidate at \$", traffic(differ))
    assert re.search(r"winner cost \$[\d.]+: one replica at \$", traffic(plan))


def test_the_plan_says_what_a_deployment_costs_at_the_traffic_of_the_session() -> None:
    usual, busy = (
        render_plan(planned(Session(dataset="x", models=MODELS, traffic=rows))[0]) for rows in (1_000, 50_000)
    )
    (price,) = re.findall(
        r"At 1,000 rows an hour \(traffic\), 1,000 answers of a deployed winner cost \$([\d.]+):", usual
    )
    (cheaper,) = re.findall(r"At 50,000 rows an hour \(traffic\), [^:]* cost \$([\d.]+):", busy)
    assert float(price) == pytest.approx(50 * float(cheaper), abs=0.003)
    assert "(traffic)" not in render_plan(planned(Session(dataset="x", models=MODELS, deploy="never"))[0])
