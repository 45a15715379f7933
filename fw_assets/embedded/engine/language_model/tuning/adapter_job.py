"""Input of an adapter's training, and the adapter before its first step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter, check_base
from fw_assets.embedded.engine.language_model.head import Head, new_head
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.language_model.lora import Adapter, new_adapter
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.settings import ReadoutRule


@dataclass(frozen=True)
class AdapterJob:
    """Input of one run; `start` is the adapter to continue, `form` how to train where that is not the default.

    `readout` is that of the default form, or has to be that of the adapter to continue. Answers that are objects have
    `fields`, and spaces after colons and commas if they are `spaced`.
    """

    spec: TrainingSpec
    rows: Sequence[TrainingRow]
    evaluation: Sequence[TrainingRow]
    multi_label: bool
    notes: Mapping[str, Any]
    start: TunedAdapter | None = None
    form: AdapterForm | None = None
    readout: ReadoutRule = "validation"
    fields: tuple[FieldConstraint, ...] = ()
    spaced: bool = True

    def digest(self, base: str) -> str:
        start = [] if self.start is None else [float(p.double().sum()) for p in self.start.adapter.parameters()]
        parts = (replace(self, notes={}, start=None), base, start)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def begin_adapter(job: AdapterJob, model: LanguageModel, folder: LanguageModelFolder) -> TunedAdapter:
    """The adapter before the first step: the base model, or the one that is continued.

    Raises:
        EngineError: the adapter to continue is over another base model, or of another form.
    """
    labels: tuple[str, ...] = ()
    answers: Mapping[str, str] = {}
    if not job.fields:
        labels = tuple(sorted({label for row in job.rows for label in row.labels}))
        written = ((row.labels, row.answer) for row in job.rows)
        answers = {own[0]: answer for own, answer in written if len(own) == 1 and answer not in ("", *own)}
    start = job.start
    if start is None:
        assert job.form is not None
        form = job.form
        adapter = new_adapter(model.linear, job.spec.lora_rank, form.first_layer, job.spec.seed)
        head: Head | None = new_head(model, labels, multi_label=job.multi_label) if form.readout == "head" else None
        adapted_prefix = form.adapted_prefix
    else:
        _check_start(start, job, folder)
        labels = tuple(sorted({*start.labels, *labels}))
        answers = {**start.answers, **answers}
        pairs = {
            name: tuple(tensor.detach().clone().to(model.device).requires_grad_() for tensor in pair)
            for name, pair in start.adapter.pairs.items()
        }
        adapter = Adapter(start.adapter.rank, start.adapter.scale, start.adapter.first_layer, pairs)
        head, adapted_prefix = start.head, start.adapted_prefix
    if head is not None:
        head = head.for_labels(model, labels)
        directions, bias = (part.clone().to(model.device).requires_grad_() for part in (head.directions, head.bias))
        head = Head(labels, directions, bias, head.center)
    return TunedAdapter(
        spec=job.spec,
        base_digest=folder.digest,
        base_source=folder.source,
        layers=model.pretrained.layer_count,
        labels=labels,
        multi_label=job.multi_label,
        adapter=adapter,
        head=head,
        answers=answers,
        adapted_prefix=adapted_prefix,
        allow_empty=job.multi_label and any(not row.labels for row in job.rows),
        notes=job.notes,
        fields=_joint_fields(start.fields if start is not None else (), job.fields),
    )


def _joint_fields(before: Sequence[FieldConstraint], fields: Sequence[FieldConstraint]) -> tuple[FieldConstraint, ...]:
    """The fields with the values of the adapter that is continued as well."""
    known = {field.path: field for field in before}
    joint = []
    for field in fields:
        earlier = known.get(field.path, field)
        if (earlier.many, bool(earlier.least)) != (field.many, bool(field.least)):
            earlier = field
        if field.values is not None and earlier.values is not None:
            values = tuple(dict.fromkeys((*earlier.values, *field.values)))
            either = tuple(dict.fromkeys((*earlier.types, *field.types)))
            joint.append(replace(field, values=values, types=either))
        else:
            free = field if field.values is None else earlier
            types = dict.fromkeys((*earlier.types, *field.types))
            joint.append(replace(free, types=tuple(types)))
    return tuple(joint)


def _check_start(start: TunedAdapter, job: AdapterJob, folder: LanguageModelFolder) -> None:
    check_base(start, folder.digest)
    if start.spec.lora_rank != job.spec.lora_rank:
        raise EngineError(f"the adapter to continue has rank {start.spec.lora_rank}, not {job.spec.lora_rank}")
    if start.multi_label != job.multi_label:
        rows = "any number of labels" if start.multi_label else "one label"
        raise EngineError(f"the adapter to continue was trained on rows with {rows} each; these are others")
    if bool(start.fields) != bool(job.fields):
        kind, others = (
            ("objects of several fields", "labels") if start.fields else ("labels", "objects of several fields")
        )
        raise EngineError(f"the adapter to continue answers with {kind}; these rows have {others}")
    if {field.path for field in start.fields} != {field.path for field in job.fields}:
        taught, given = (", ".join(".".join(field.path) for field in fields) for fields in (start.fields, job.fields))
        raise EngineError(f"the adapter to continue answers with the fields {taught}; these rows have {given}")
    if job.readout not in ("validation", start.readout):
        raise EngineError(f"readout is {job.readout}; the adapter to continue has {start.readout}, and keeps it")
