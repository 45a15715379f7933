"""Label of one text: asked of the deployed winner as its rows were, or of the free model."""

from __future__ import annotations

import json

from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.record_parser import RecordParser
from fw_assets.pipeline.errors import NotServed
from fw_assets.pipeline.evaluation.answer_one import answer_one
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.free_models.free_model import free_model
from fw_assets.pipeline.planning.examples import served_messages
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.cascade import free_first
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.prediction import LabelledText
from fw_assets.pipeline.values.served_prompt import served_opening, served_prompt, tested_opening
from fw_assets.workspace.workspace import Workspace


def label_text(
    store: Workspace, platform: Platform, dataset: str, text: str, *, system: str | None = None
) -> LabelledText:
    """The deployed winner's label of a text.

    Args:
        system: the system message before it; None: that of most rows of the dataset.

    Raises:
        FileNotFoundError: nothing was decided yet.
        NotServed: the model answers in batch jobs only.
        PhaseError: its deployment was removed.
        FireworksError: the platform refuses the request.
    """
    record = store.require("deployment", dataset, DeploymentRecord)
    if record.address is None:
        raise NotServed(record.model, record.gate.why)
    prompt = served_prompt(store, dataset, record)
    opening = served_opening(store, dataset, record)
    messages = json.dumps(opening.conversation(text, system))
    if record.few_shot is not None:
        (messages,) = served_messages(store, platform, dataset, record.few_shot)([messages])
    platform.call(lambda client: require_deployment(client, dataset, record))
    completion = platform.call(lambda client: answer_one(client, record, prompt, messages))
    answer = parse_answer(
        prompt,
        Completion(text=completion.text, finish_reason=completion.finish_reason, refusal=completion.refusal),
    )
    return LabelledText(
        labels=answer.labels,
        fields=RecordParser(prompt.fields).values(completion.text or "") if prompt.fields else None,
        confidence=completion.confidence,
        text=completion.text,
        model=record.address,
        is_valid=answer.kind == "valid",
        systems=opening.variants if system is None else 1,
    )


def label_text_by_cascade(
    store: Workspace, platform: Platform, dataset: str, text: str, *, system: str | None = None
) -> LabelledText:
    """The free model's label of a text where it is sure enough, else that of what is served; `model` says whose.

    Raises:
        PhaseError: there is no cascade, or as for `label_text`, which says what else is raised.
    """
    first = free_first(store, platform, dataset)
    answer = first.model.answer(tested_opening(store, dataset).conversation(text, system))
    if answer.confidence is None or answer.confidence < first.threshold:
        return label_text(store, platform, dataset, text, system=system)
    return LabelledText(labels=answer.labels, confidence=answer.confidence, text=answer.text, model=answer.method)


def label_text_freely(
    store: Workspace, platform: Platform, dataset: str, text: str, *, system: str | None = None
) -> LabelledText:
    """The free model's label of a text.

    Raises:
        FileNotFoundError, PhaseError: the dataset has not been evaluated, or cannot have such a model.
    """
    answer = free_model(store, platform, dataset).answer(tested_opening(store, dataset).conversation(text, system))
    return LabelledText(labels=answer.labels, confidence=answer.confidence, text=answer.text, model=answer.method)
