"""Catalogue entries: models of the API, of the catalogue and of accounts, as the domain has them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.fireworks import Fireworks, Model, NotFound, PermissionDenied, Throughput

log = logging.getLogger("fw_assets.workspace")


def catalogue_model(model: Model) -> CatalogueModel:
    """A model of the API as the domain has it."""
    defaults = model.fine_tuning_defaults
    return CatalogueModel(
        name=model.name,
        display_name=model.display_name,
        description=model.description,
        parameter_count=model.parameter_count,
        context_length=model.context_length,
        tunable=model.can_tune,
        serverless=model.supports_serverless,
        batch=model.can_batch,
        supports_lora=model.supports_lora,
        grid=tuple(_published_cells(model)) or None,
        learning_rate_range=defaults.learning_rate_range if defaults else None,
        lora_ranks=model.lora_ranks,
        batch_size=defaults.batch_size_samples if defaults else None,
        kind=model.kind,
        reads_whole_prompt=model.reads_whole_prompt,
        answered_by=model.answered_by,
        calibration="contextual" if model.default_calibration == "contextual" else "",
        weights=model.weights_digest,
        threshold_rules=model.threshold_rules,
        speed=_speed(model.throughput),
        retired=str(model.deprecation_date),
        unusable="" if model.status.ok else model.status.message or model.status.code,
    )


async def own_entry(client: Fireworks, model: Model, catalogue: Sequence[CatalogueModel]) -> CatalogueModel:
    """A model of an account as the domain has it; an adapter has the size and the context of its base."""
    entry = catalogue_model(model).model_copy(update={"listed": False})
    if not entry.unusable and model.state != "READY":
        entry = entry.model_copy(update={"unusable": f"it is {model.state.lower()}, and has to be READY"})
    peft = model.peft_details
    if not entry.is_adapter or not peft.base_model:
        return entry
    base = next((item for item in catalogue if item.name == peft.base_model), None)
    try:
        base = base or catalogue_model(await client.own_model(peft.base_model))
    except (NotFound, PermissionDenied):
        base = CatalogueModel(name=peft.base_model, unusable="the platform does not show it to your key")
    broken = f"its base model {base.slug} cannot be used: {base.unusable}" if base.unusable else ""
    return entry.model_copy(
        update={
            "base_model": peft.base_model,
            "rank": peft.r,
            "tunable": False,
            "parameter_count": base.parameter_count,
            "context_length": entry.context_length or base.context_length,
            "reads_whole_prompt": base.reads_whole_prompt,
            "retired": entry.retired or base.retired,
            "unusable": entry.unusable or broken,
        }
    )


def _speed(told: Throughput | None) -> ModelSpeed | None:
    if told is None:
        return None
    return ModelSpeed(
        trained_tokens=told.training_tokens_per_second,
        scored_tokens=told.scoring_tokens_per_second,
        basis="jobs" if told.basis == "jobs" else "device",
        trains_on_instructions=told.trains_on_instructions,
        rows_for_trial=told.rows_for_trial,
        parallel_jobs=told.parallel_jobs,
    )


def _published_cells(model: Model) -> Iterator[PublishedCell]:
    """The points of the model's own grid that a job can have; the others are left out, with a warning."""
    for point in model.fine_tuning_defaults.grid if model.fine_tuning_defaults else ():
        try:
            yield PublishedCell(lora_rank=point.lora_rank, learning_rate=point.learning_rate, epochs=point.epochs)
        except ValidationError as error:
            field, reason = error.errors()[0]["loc"][0], error.errors()[0]["msg"]
            log.warning("%s: a point of its published grid is left out: %s: %s", model.name, field, reason)
