"""plan.md: what a person reads before saying yes."""

from __future__ import annotations

from fw_assets.classification.plan import Plan
from fw_assets.report import plan_tables
from fw_assets.report.convert import sentence
from fw_assets.report.markdown import environment, tidy


def render_plan(plan: Plan) -> str:
    """The whole of plan.md."""
    source = environment().get_template("plan.md.jinja")
    return tidy(source.render(plan=plan, tables=plan_tables, sentence=sentence))
