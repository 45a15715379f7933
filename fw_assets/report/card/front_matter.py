"""Front matter of a model card: the metadata that Hugging Face's hub reads (docs/hub/model-cards of its documentation).

No platform tells a licence: that of the base model is part of it where its files tell it.
"""

from __future__ import annotations

from typing import Any

from fw_assets.classification.visible_text import visible
from fw_assets.report.card.subject import CardSubject
from fw_assets.report.formatting import valid_unicode
from fw_assets.report.schema.report import Report


def front_matter(report: Report, subject: CardSubject) -> str:
    """The YAML between the two lines of dashes, which are not part of it."""
    import yaml

    return yaml.safe_dump(_plain(_metadata(report, subject)), sort_keys=False, allow_unicode=True, width=120)


def _metadata(report: Report, subject: CardSubject) -> dict[str, Any]:
    lineage: dict[str, Any] = {}
    if subject.tuned:
        lineage = {"base_model": subject.hub_id or subject.base_model, "base_model_relation": subject.relation}
    elif subject.candidate.adapter_of:
        lineage = {"base_model": subject.candidate.adapter_of, "base_model_relation": "adapter"}
    several = report.data.multi_label
    tags = [
        "text-classification",
        *(["multi-label"] if several else []),
        *(["lora"] if subject.tuned else []),
        "fw-assets",
    ]
    dataset = {
        "name": report.dataset,
        "type": report.dataset,
        "split": "test",
        **({"revision": report.digests["test rows"]} if "test rows" in report.digests else {}),
    }
    task = {"type": "text-classification", "name": "Multi-label classification" if several else "Text classification"}
    result = {"task": task, "dataset": dataset, "metrics": _metrics(subject, several=several)}
    return {
        **({"license": subject.licence} if subject.licence else {}),
        "pipeline_tag": "text-classification",
        **lineage,
        "tags": tags,
        "datasets": [report.dataset],
        "metrics": ["accuracy", "f1"],
        "model-index": [{"name": subject.name, "results": [result]}],
    }


def _metrics(subject: CardSubject, *, several: bool) -> list[dict[str, Any]]:
    """Figures between 0 and 1, those that are known."""
    result = subject.result
    values = [
        ("accuracy", "Exact sets" if several else "Accuracy", result.accuracy),
        ("f1", "Macro-F1", result.macro_f1),
        ("f1", "Micro-F1", result.multi_label.micro_f1 if result.multi_label else None),
        ("balanced_accuracy", "Balanced accuracy", None if several else result.balanced_accuracy),
    ]
    return [{"type": kind, "name": name, "value": round(value, 4)} for kind, name, value in values if value is not None]


def _plain(value: Any) -> Any:
    """Text from outside without what could disguise it, and as built-in types."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return visible(valid_unicode(value)) if isinstance(value, str) else value
