"""The models of a plan, what it would create, and the files that it rests on."""

from __future__ import annotations

from pathlib import PurePath

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import Quoted, count, learning_rate, parameters, plural, short, typeset
from fw_assets.report.table import Table, columns


def models(plan: Plan) -> Table:
    """The candidates and the settings that their sweep tries."""
    body = []
    for model in plan.models:
        cells = "; ".join(map(setting_text, model.cells))
        size = parameters(model.parameter_count)
        adapter = f"adapter of {short(model.base_model)}, evaluated as it is" if model.base_model else ""
        asked = Quoted(model.deployment) if model.deployment and model.strategy == "deployment" else model.strategy
        as_it_is = adapter
        if model.entry and model.is_named_deployment:
            as_it_is = f"deployment of {short(model.entry.serves) or 'an unknown model'}, evaluated as it is"
        if model.is_router:
            asked, as_it_is = Quoted(model.name), "router, evaluated as it is"
        if model.endpoint:
            asked, as_it_is = Quoted(model.endpoint.url), f"{model.endpoint.model}, evaluated as it is"
        if model.arm:
            as_it_is = f"{model.arm.words}, not fine-tuned"
        body.append((Quoted(model.slug), size, asked, as_it_is or cells or "not fine-tuned"))
    return Table(columns("Model", ">Parameters", "Asked on", "Settings to try"), tuple(body))


def setting_text(cell: Cell) -> str:
    """One combination of hyper-parameters, in words."""
    batch = f", batch {cell.batch_size}" if cell.batch_size else ""
    return f"rank {cell.lora_rank}, {learning_rate(cell.learning_rate)}, {plural(cell.epochs, 'epoch')}{batch}"


def created(plan: Plan) -> Table:
    """Everything that would be created on the platform; alternatives say so."""
    body = tuple(
        (item.kind, Quoted(item.id), item.purpose, "one of these" if item.one_of else "") for item in plan.created
    )
    return Table(columns("Kind", "Name", "For", ""), body)


def files(plan: Plan) -> Table:
    body = tuple(
        (
            Quoted(PurePath(file.path_name).name),
            count(file.rows),
            count(file.rejected),
            count(file.size_bytes),
            Quoted(file.sha256[:16]),
        )
        for file in plan.inspected.files
    )
    return Table(columns("File", ">Rows", ">Rejected", ">Bytes", "SHA-256"), body)


def suggestion(clause: str) -> str:
    """Advice on a clause of the instruction that was not understood."""
    return typeset(suggest(clause))
