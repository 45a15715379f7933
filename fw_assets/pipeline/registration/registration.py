"""Registration of a dataset: its session as it is understood, its staged files, and its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import make_session, plain_fields
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.catalogue import named_candidates, offer, own_prices, priced_catalogue, tunable_models
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.names import name_for, registration_of
from fw_assets.pipeline.registration.staging import stage
from fw_assets.pipeline.run_config import Driver
from fw_assets.pipeline.values.registration import Registration, SourceFile
from fw_assets.workspace.envelope import is_folder_name
from fw_assets.workspace.workspace import Workspace

_MAX_LISTED_DATASETS = 20
_RIVALS = {
    "text_column": "text_template",
    "text_template": "text_column",
    "label_column": "label_flags",
    "label_flags": "label_column",
}
"""Session fields that say the same thing in two ways."""


def register(
    workspace: Workspace,
    platform: Platform,
    fields: Mapping[str, Any],
    *,
    driver: Driver,
    name: str | None = None,
    readings: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Any] | None = None,
) -> Registration:
    """Parse a session, stage its files, and store the registration.

    Args:
        fields: session fields; explicit ones win over the instruction.
        name: the dataset's name; by default made from the file's.
        readings: clauses that the parser did not understand, with the fields that a person confirmed for each.
        answers: session fields by which a person has decided between readings of the data. They hold for later
            registrations of the dataset too, unless those give the field.

    Raises:
        InputError: a field or the price file is wrong, a file is missing, the name cannot be one or is another
            dataset's, or the dataset or the models are not named; the last two list what can be chosen, read live from
            the platform.
    """
    own_prices()  # the plan that follows needs them
    session, understood, unused = parse_session(platform, fields, readings)
    if session.dataset is None or not session.candidates:
        raise _nothing_chosen(platform, session)
    files = [stage(workspace, platform, "train", session.dataset)]
    name = name_for(workspace, files[0], name)
    session, answered = _with_answers(workspace, name, session, answers or {})
    if session.eval_dataset is not None:
        files.append(stage(workspace, platform, "eval", session.eval_dataset))
    if session.out_of_scope is not None:
        files.append(stage(workspace, platform, "out-of-scope", session.out_of_scope))
    registration = Registration(
        name=name,
        session=session,
        files=tuple(files),
        understood=understood,
        unused=unused,
        confirmed=tuple(readings or ()),
        answered=answered,
        driver=driver,
    )
    workspace.write("registration", name, registration, inputs=registration.inputs, private=True)
    return registration


def register_version(
    workspace: Workspace, platform: Platform, fields: Mapping[str, Any], name: str
) -> tuple[Registration, bool]:
    """Register a dataset again, which the daemon drives; and whether its content or its session are another by now.

    Raises:
        InputError: as `register`.
    """
    before = registration_of(workspace, name)
    after = register(workspace, platform, fields, driver="daemon", name=name)
    if before is None or after.inputs != before.inputs:
        return after, True
    # Who drives an unchanged dataset stays as it was.
    workspace.write("registration", name, before, inputs=before.inputs, private=True)
    return before, False


def _with_answers(
    workspace: Workspace, name: str, session: Session, answers: Mapping[str, Any]
) -> tuple[Session, tuple[str, ...]]:
    """A session with what a person has answered of the dataset, now or before, and the names of these fields."""
    before = registration_of(workspace, name)
    known = {field: getattr(before.session, field) for field in before.answered} if before else {}
    known |= answers
    given = session.model_fields_set
    missing = {field: value for field, value in known.items() if not given & {field, _RIVALS.get(field, field)}}
    if missing:
        session = make_session({**session.model_dump(exclude_unset=True), **missing})
    return session, tuple(field for field in known if field in session.model_fields_set)


def registered_dataset(store: Workspace, name: str) -> Registration:
    """The registration of that name.

    Raises:
        InputError: there is none; the message lists those that are.
    """
    registration = store.read("registration", name, Registration)
    if registration is None:
        raise input_error(
            f"no dataset {name!r} in {store.root}; there: {', '.join(store.datasets()) or 'none yet'}",
            field="NAME",
        )
    return registration


class ResolvedSession(NamedTuple):
    """Session fields, after what is registered already.

    Attributes:
        name: of the registered dataset; None if the session names another one.
        readings: clauses of its instruction that a person has confirmed; their fields are in `fields`.
    """

    fields: dict[str, Any]
    name: str | None
    readings: dict[str, dict[str, Any]]


def resolve_registered(workspace: Workspace, fields: Mapping[str, Any]) -> ResolvedSession:
    """Resolve a `dataset` that names a registered one instead of a file: its session, changed by `fields`."""
    dataset = fields.get("dataset")
    registered = None
    if isinstance(dataset, str) and is_folder_name(dataset) and not Path(dataset).exists():
        registered = workspace.read("registration", dataset, Registration)
    if registered is None:
        return ResolvedSession(dict(fields), None, {})
    session = registered.session
    given = registered.session_fields()
    merged = {**given, **plain_fields(fields), "dataset": given["dataset"]}
    same_instruction = "instruction" in session.model_fields_set and merged["instruction"] == session.instruction
    readings: dict[str, dict[str, Any]] = {clause: {} for clause in registered.confirmed} if same_instruction else {}
    return ResolvedSession(merged, registered.name, readings)


class ParsedSession(NamedTuple):
    """A session after its instruction was parsed.

    Attributes:
        understood: what the instruction was taken to say, field by field.
        unused: its clauses that could not be used.
    """

    session: Session
    understood: tuple[str, ...]
    unused: tuple[str, ...]


def parse_session(
    platform: Platform, fields: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]] | None = None
) -> ParsedSession:
    """Make a session of fields and of the instruction among them.

    Args:
        readings: as in `register`.

    Raises:
        InputError: a field is wrong.
    """
    explicit = {key: value for key, value in fields.items() if value is not None}
    text = explicit.get("instruction")
    if not text:
        return ParsedSession(make_session(explicit), (), ())
    from fw_assets.classification.instruction.parser import parse_instruction

    names = [model.name for model in platform.call(lambda client: client.models())]
    parsed = parse_instruction(str(text), models=names)
    confirmed = {clause: reading for clause, reading in (readings or {}).items() if clause in parsed.unused}
    read = {key: value for reading in confirmed.values() for key, value in reading.items() if key not in parsed.fields}
    session = make_session({**read, **parsed.fields, **explicit})
    understood = [f"{key}: {value}" for key, value in parsed.fields.items() if key not in explicit]
    understood += [f"{key}: {value} (confirmed by a person)" for key, value in read.items() if key not in explicit]
    unused = tuple(clause for clause in parsed.unused if clause not in confirmed)
    return ParsedSession(session, tuple(understood), unused)


def check_models(
    platform: Platform, fields: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Refuse models that cannot be used before a dataset is registered anew, which would put its results aside.

    Raises:
        InputError: a field is wrong, or a model cannot be used.
    """
    session, _, _ = parse_session(platform, fields, readings)
    if session.candidates:
        offer(platform, session, named_candidates(platform, session, priced_catalogue(platform)))


def _nothing_chosen(platform: Platform, session: Session) -> InputError:
    """The error for a session without a dataset or without models, which lists what the platform has."""

    async def choices(client: Fireworks) -> tuple[list[str], list[str]]:
        models = [model.slug for model in await tunable_models(client)]
        return models, [dataset.name for dataset in await client.datasets()]

    models, datasets = platform.call(choices)
    problems = []
    if session.dataset is None:
        listed = ", ".join(datasets[:_MAX_LISTED_DATASETS]) or "none yet"
        message = f"name a JSONL file or a platform dataset (there: {listed})"
        problems.append(Problem(kind="session", field="dataset", message=message))
    if not session.candidates:
        message = f"name the models to evaluate and fine-tune; to choose from: {', '.join(models)}"
        problems.append(Problem(kind="session", field="models", message=message))
    example = (models or ["MODEL"])[0]
    return InputError(problems, advice=f"For example: `models: [{example}]` in the session, or `--model {example}`.")


def source_paths(files: Sequence[SourceFile]) -> tuple[Path, Path | None]:
    """The paths of the training file and of the evaluation file, if there is one."""
    by_role = {file.role: Path(file.path) for file in files}
    return by_role["train"], by_role.get("eval")
