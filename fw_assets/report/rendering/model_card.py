"""model_card.md: the winner in the form of Hugging Face's hub, front matter first."""

from __future__ import annotations

from dataclasses import replace

from fw_assets.report.card import facts
from fw_assets.report.card.front_matter import front_matter
from fw_assets.report.card.subject import Relation, card_subject, no_card
from fw_assets.report.escape import prose
from fw_assets.report.rendering import templates
from fw_assets.report.rendering.markdown import environment, tidy
from fw_assets.report.schema.report import Report


def render_card(report: Report, *, licence: str = "", relation: Relation = "adapter") -> str:
    """The whole of model_card.md; where the run has no verdict, why there is no card.

    Args:
        licence: of the base model, where it is known.
        relation: of the files beside the card to the base model.
    """
    found = card_subject(report)
    if found is None:
        return f"# No model card\n\n{prose(no_card(report))}\n"
    subject = replace(found, licence=licence, relation=relation)
    source = environment().get_template("model_card.md.jinja")
    text = source.render(report=report, described=subject, card=facts, **templates.CONTEXT)
    return f"---\n{front_matter(report, subject)}---\n\n{tidy(text)}"
