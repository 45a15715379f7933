from __future__ import annotations

import json
from pathlib import Path

from markdown_it import MarkdownIt

from fw_assets.classification.session import Session
from fw_assets.report.plan_markdown import render_plan
from fw_assets_tests.report.workflow import MODELS, planned


def test_the_first_screen_says_what_a_yes_costs_and_how_to_give_it() -> None:
    plan, _, _ = planned()
    top = "\n".join(render_plan(plan).split("\n")[:16])
    assert f"fw-assets approve support-intents --digest {plan.digest}" in top
    assert "Benchmark qwen3-8b and qwen3-4b, fine-tune the best one with 3 settings" in top
    assert f"${plan.estimate.expected:.2f} expected" in top
    assert "account, billing, sales and technical" in top
    assert "please confirm" in top


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


def test_a_benchmark_plan_promises_no_tuning() -> None:
    plan, _, _ = planned(Session(dataset="x", models=MODELS, mode="benchmark"))
    text = render_plan(plan)
    assert "nothing is fine-tuned" in text
    assert "What can be seen?" not in text
