"""Names of registered datasets: one for each source, so that no dataset takes the place of another."""

from __future__ import annotations

from pathlib import Path

from fw_assets.classification.dataset_reference import (
    check_dataset_name,
    dataset_name,
    former_dataset_name,
    is_remote,
)
from fw_assets.classification.dataset_url import identity, without_credentials
from fw_assets.classification.errors import InputError, input_error
from fw_assets.pipeline.registration.sources import local_file
from fw_assets.pipeline.values.registration import Registration, SourceFile
from fw_assets.workspace.envelope import is_folder_name
from fw_assets.workspace.workspace import Workspace


def name_for(workspace: Workspace, source: SourceFile, given: str | None) -> str:
    """The name under which a dataset is registered: the given one, or one made from its source.

    Content that changes at its place is another version of the same dataset; so is a file that was moved, with its
    content or with its folder.

    Args:
        source: of its training rows.
        given: by a person, or by whoever registers it again.

    Raises:
        InputError: the name cannot be one, or is that of another dataset.
    """
    name = given if given is not None else _derived_name(workspace, source)
    registered = registration_of(workspace, name)
    if registered is None:
        check_dataset_name(name)
    elif not _is_same(registered, source):
        raise input_error(
            f"the name {name} is taken by {without_credentials(_training_file(registered).reference)}, so "
            f"{without_credentials(source.reference)} needs another",
            field="name",
            advice=f"Give it one: --name {name}-2 (in the inbox: rename the file). Nothing was started.",
        )
    return name


def _derived_name(workspace: Workspace, source: SourceFile) -> str:
    name, former = dataset_name(source.reference), former_dataset_name(source.reference)
    if name != former and registration_of(workspace, name) is None:
        registered = registration_of(workspace, former)
        if registered is not None and _is_same(registered, source):
            return former
    return name


def registration_of(workspace: Workspace, name: str) -> Registration | None:
    """What is registered under a name; a damaged registration is none, since registering again is its way out."""
    if not is_folder_name(name):
        return None
    try:
        return workspace.read("registration", name, Registration)
    except InputError:
        return None


def _training_file(registration: Registration) -> SourceFile:
    return next(file for file in registration.files if file.role == "train")


def _is_same(registered: Registration, source: SourceFile) -> bool:
    before = _training_file(registered)
    return before.sha256 == source.sha256 or _place(before) == _place(source) or _was_moved(before, source)


def _place(file: SourceFile) -> str:
    """What stays equal when the content of a source changes, however it is named."""
    if is_remote(file.reference):
        return identity(file.reference)
    return str(local_file(file.reference)) if is_remote(file.path) else file.path


def _was_moved(before: SourceFile, after: SourceFile) -> bool:
    """Whether a local file is gone and another has its name in a folder of the same name: its project was moved."""
    old, new = Path(_place(before)), Path(_place(after))
    return not (is_remote(before.reference) or is_remote(after.reference) or old.exists()) and (
        old.parts[-2:] == new.parts[-2:]
    )
