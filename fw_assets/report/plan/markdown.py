"""plan.md: what a person reads before saying yes."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.plan.planner import Plan
from fw_assets.report.assembly.model_results import sentence
from fw_assets.report.plan import labels, tables
from fw_assets.report.rendering.markdown import environment, tidy


def render_plan(plan: Plan, changed: Sequence[str] = ()) -> str:
    """The whole of plan.md.

    Args:
        changed: a heading, then what is different from the plan before; empty when nothing is.
    """
    source = environment().get_template("plan.md.jinja")
    return tidy(source.render(plan=plan, changed=changed, tables=tables, labels=labels, sentence=sentence))
