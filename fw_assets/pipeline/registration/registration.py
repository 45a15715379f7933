"""Putting a dataset to the workflow: the session as it was understood, the files staged, the partition's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.session import Session, dataset_name, make_session
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.staging import stage
from fw_assets.pipeline.values import Driver, Registration, SourceFile
from fw_assets.workspace.workspace import Workspace


def register(
    workspace: Workspace,
    platform: Platform,
    fields: Mapping[str, Any],
    *,
    driver: Driver,
    name: str | None = None,
    readings: Mapping[str, Mapping[str, Any]] | None = None,
) -> Registration:
    """Understand `fields` (explicit ones win over the instruction), stage the files, and record the whole.

    Args:
        readings: clauses that the parser did not understand, with the fields that a person confirmed for each.

    Raises:
        InputError: a field is wrong, a file is missing, or the dataset or the models are not named; the last two
            list what can be chosen, read live from the platform.
    """
    session, understood, unused = parse_session(platform, fields, readings)
    if session.dataset is None or not session.models:
        raise _missing(platform, session)
    name = name or dataset_name(session.dataset)
    files = [stage(workspace, platform, "train", session.dataset)]
    if session.eval_dataset is not None:
        files.append(stage(workspace, platform, "eval", session.eval_dataset))
    registration = Registration(
        name=name,
        session=session,
        files=tuple(files),
        understood=understood,
        unused=unused,
        confirmed=tuple(readings or ()),
        driver=driver,
    )
    workspace.write("registration", name, registration, inputs=registration.inputs)
    return registration


def resolve_registered(
    workspace: Workspace, fields: Mapping[str, Any]
) -> tuple[dict[str, Any], str | None, dict[str, dict[str, Any]]]:
    """A session that names a registered dataset instead of a file: what is registered, changed by `fields`.

    Gives the fields, the dataset's name (None where `dataset` names no registered one) and the clauses of its
    instruction that a person confirmed.
    """
    named = fields.get("dataset")
    known = None
    if isinstance(named, str) and "/" not in named and not Path(named).exists():
        known = workspace.read("registration", named, Registration)
    if known is None:
        return dict(fields), None, {}
    session = known.session
    merged = {**session.model_dump(mode="json", exclude_unset=True), **fields, "dataset": session.dataset}
    same = "instruction" in session.model_fields_set and merged["instruction"] == session.instruction
    return merged, known.name, {clause: {} for clause in known.confirmed} if same else {}


def parse_session(
    platform: Platform, fields: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Session, tuple[str, ...], tuple[str, ...]]:
    """The session, what the instruction was taken to say, and its clauses that could not be used."""
    explicit = {key: value for key, value in fields.items() if value is not None}
    text = explicit.get("instruction")
    if not text:
        return make_session(explicit), (), ()
    from fw_assets.classification.instruction.parser import parse_instruction

    names = [model.name for model in platform.call(lambda client: client.models())]
    parsed = parse_instruction(str(text), models=names)
    confirmed = {clause: found for clause, found in (readings or {}).items() if clause in parsed.unused}
    read = {key: value for found in confirmed.values() for key, value in found.items() if key not in parsed.fields}
    session = make_session({**read, **parsed.fields, **explicit})
    understood = [f"{key}: {value}" for key, value in parsed.fields.items() if key not in explicit]
    understood += [f"{key}: {value} (confirmed by a person)" for key, value in read.items() if key not in explicit]
    return session, tuple(understood), tuple(clause for clause in parsed.unused if clause not in confirmed)


def _missing(platform: Platform, session: Session) -> InputError:
    async def choices(client: Fireworks) -> tuple[list[str], list[str]]:
        models = [m.name.rsplit("/", 1)[-1] for m in await client.models() if m.tunable]
        return models, [dataset.name for dataset in await client.datasets()]

    models, datasets = platform.call(choices)
    problems = []
    if session.dataset is None:
        listed = ", ".join(datasets[:20]) or "none yet"
        problems.append(
            Problem(
                kind="session",
                field="dataset",
                message=f"name a JSONL file or a platform dataset (there: {listed})",
            )
        )
    if not session.models:
        problems.append(
            Problem(
                kind="session",
                field="models",
                message=f"name the models to evaluate and fine-tune; to choose from: {', '.join(models)}",
            )
        )
    return InputError(problems, advice="For example: fw-assets run tickets.jsonl --model " + (models or ["MODEL"])[0])


def source_paths(files: Sequence[SourceFile]) -> tuple[Path, Path | None]:
    """The train file and the eval file, if there is one."""
    by_role = {file.role: Path(file.path) for file in files}
    return by_role["train"], by_role.get("eval")
