"""Label of one text: asked of the deployed winner as its rows were, or of the free model."""

from __future__ import annotations

import json

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.record_parser import RecordParser
from fw_assets.classification.scope.abstention import Abstention
from fw_assets.pipeline.evaluation.answer_one import answer_one
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.free_models.free_abstention import free_abstention
from fw_assets.pipeline.free_models.free_model import free_model
from fw_assets.pipeline.planning.examples import served_messages
from fw_assets.pipeline.planning.shortlists import served_options
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.cascade import free_first
from fw_assets.pipeline.prediction.served import served_model
from fw_assets.pipeline.values.prediction import LabelledText
from fw_assets.pipeline.values.served_prompt import tested_opening
from fw_assets.pipeline.workflow.owner import require_its_platform
from fw_assets.workspace.workspace import Workspace


def label_text(
    store: Workspace,
    platform: Platform,
    dataset: str,
    text: str,
    *,
    system: str | None = None,
    threshold: float | None = None,
) -> LabelledText:
    """The deployed winner's label of a text.

    Args:
        system: the system message before it; None: that of most rows of the dataset.
        threshold: of the confidence, as for a file; None: that of the report, if it has one; 0: none.

    Raises:
        InputError: the threshold is no share.
        FileNotFoundError: nothing was decided yet.
        NotServed: the model answers in batch jobs only.
        PhaseError: its deployment was removed.
        FireworksError: the platform refuses the request.
    """
    require_its_platform(store, platform.name)
    served = served_model(store, dataset)
    record, prompt, opening = served.record, served.prompt, served.opening
    abstention = served.abstention.at(threshold)
    messages = json.dumps(opening.conversation(text, system))
    if record.few_shot is not None:
        (messages,) = served_messages(store, platform, dataset, record.few_shot)([messages])
    platform.call(lambda client: require_deployment(client, store, dataset, record))
    options = served_options(store, platform, dataset, prompt)
    completion = platform.call(lambda client: answer_one(client, record, prompt, messages, options))
    answer = parse_answer(
        prompt,
        Completion(text=completion.text, finish_reason=completion.finish_reason, refusal=completion.refusal),
    )
    said = LabelledText(
        labels=answer.labels,
        fields=RecordParser(prompt.fields).values(completion.text or "") if prompt.fields else None,
        confidence=completion.confidence,
        text=completion.text,
        model=served.address,
        is_valid=answer.kind == "valid",
        systems=opening.variants if system is None else 1,
        notes=served.caveats,
    )
    return _where_sure(said, abstention)


def label_text_by_cascade(
    store: Workspace,
    platform: Platform,
    dataset: str,
    text: str,
    *,
    system: str | None = None,
    threshold: float | None = None,
) -> LabelledText:
    """The free model's label of a text where it is sure enough, else that of what is served; `model` says whose.

    Raises:
        PhaseError: there is no cascade, or as for `label_text`, which says what else is raised.
    """
    first = free_first(store, platform, dataset)
    answer = first.model.answer(tested_opening(store, dataset).conversation(text, system))
    if answer.confidence is None or answer.confidence < first.threshold:
        return label_text(store, platform, dataset, text, system=system, threshold=threshold)
    return LabelledText(labels=answer.labels, confidence=answer.confidence, text=answer.text, model=answer.method)


def label_text_freely(
    store: Workspace,
    platform: Platform,
    dataset: str,
    text: str,
    *,
    system: str | None = None,
    threshold: float | None = None,
) -> LabelledText:
    """The free model's label of a text; `system` and `threshold` as for `label_text`.

    Raises:
        InputError: the threshold is no share.
        FileNotFoundError, PhaseError: the dataset has not been evaluated, or cannot have such a model.
    """
    model = free_model(store, platform, dataset)
    abstention = free_abstention(store, store.require("plan", dataset, Plan), model.name).at(threshold)
    answer = model.answer(tested_opening(store, dataset).conversation(text, system))
    said = LabelledText(labels=answer.labels, confidence=answer.confidence, text=answer.text, model=answer.method)
    return _where_sure(said, abstention)


def _where_sure(said: LabelledText, abstention: Abstention) -> LabelledText:
    """The answer with its calibrated confidence, without its label where that is below the threshold."""
    confidence = abstention.calibrated(said.confidence)
    told = said.model_copy(update={"confidence": confidence, "threshold": abstention.threshold})
    if not said.is_valid or not abstention.abstains(confidence):
        return told
    return told.model_copy(update={"abstained": True, "labels": (), "fields": None if said.fields is None else {}})
