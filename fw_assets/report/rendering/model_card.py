"""model_card.md: the winner in the form of Hugging Face's hub, front matter first."""

from __future__ import annotations

from dataclasses import replace

from fw_assets.report.card import facts
from fw_assets.report.card.front_matter import front_matter
from fw_assets.report.card.subject import Relation, card_subject, no_card
from fw_assets.report.escape import Md, prose
from fw_assets.report.rendering import templates
from fw_assets.report.rendering.markdown import environment, tidy
from fw_assets.report.schema.report import Report


def render_card(
    report: Report, *, licence: str = "", relation: Relation = "adapter", hub_id: str = "", loading: str = ""
) -> str:
    """The whole of model_card.md; where the run has no verdict, why there is no card.

    Args:
        licence: of the base model, where it is known.
        relation: of the files beside the card to the base model.
        hub_id: of the base model at Hugging Face's hub, where it is from there.
        loading: Markdown about the files beside the card, which comes before all that is told of the model. Such a card
            is read elsewhere, where a platform of this machine cannot be asked.
    """
    found = card_subject(report)
    if found is None:
        return tidy(f"# No model card\n\n{prose(no_card(report))}\n\n{loading}")
    subject = replace(found, licence=licence, relation=relation, hub_id=hub_id)
    source = environment().get_template("model_card.md.jinja")
    text = source.render(report=report, described=subject, card=facts, loading=Md(loading), **templates.CONTEXT)
    return f"---\n{front_matter(report, subject)}---\n\n{tidy(text)}"
