"""Verification that dataset files are read as they were registered: local ones are not copied, and can change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fw_assets.classification.dataset.files import data_files, file_sha256, listing_sha256, relative_name
from fw_assets.classification.dataset.read_result import FileFacts
from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.dataset_url import without_credentials
from fw_assets.classification.errors import InputError, Problem
from fw_assets.pipeline.registration.sources import local_version
from fw_assets.pipeline.values.registration import SourceFile

CHANGED_FILE = "changed-file"
REGISTER_AGAIN = (
    "Nothing was started. When the file is complete, register it again: by the command or the asset that did, or "
    "named as `dataset` in the launchpad of inspected_dataset."
)


@contextmanager
def verified_unchanged(files: Sequence[SourceFile]) -> Iterator[Callable[[Sequence[FileFacts]], None]]:
    """Verify that files are read as they were registered.

    Yields:
        A check to be called with the facts of all files after they have been read.

    Raises:
        InputError: content was read that differs from the registered one, or a file was written to meanwhile. It
            replaces the error that such content raised in the block.
    """
    versions = {file.role: local_version(Path(file.path)) for file in files}

    def check(digest_of: Callable[[SourceFile], str]) -> None:
        problems = []
        for file in files:
            if local_version(Path(file.path)) != versions[file.role]:
                problems.append(_changed(file, "while it was being read"))
            elif digest_of(file) != file.sha256:
                problems.append(_changed(file, "after it was registered"))
        if problems:
            raise InputError(problems, advice=REGISTER_AGAIN)

    try:
        yield lambda facts: check(lambda file: _digest_as_read(file, facts))
    except InputError as error:
        if error.problems[0].kind != CHANGED_FILE:
            check(lambda file: file_sha256(Path(file.path)))
        raise


def _digest_as_read(file: SourceFile, facts: Sequence[FileFacts]) -> str:
    """The digest of a file or folder from those of its files while they were read (as `file_sha256`)."""
    path = Path(file.path)
    if not path.is_dir():
        return next(item.sha256 for item in facts if item.source == file.role)
    # Files that are passed over, as test files are where others are given, belong to the folder all the same.
    as_read = {item.path_name: item.sha256 for item in facts}
    return listing_sha256(
        (relative_name(path, item), as_read.get(str(item)) or file_sha256(item)) for item in data_files(path)
    )


def _changed(file: SourceFile, when: str) -> Problem:
    registered = f"registered were {file.size_bytes:,} bytes with SHA-256 {file.sha256[:16]}"
    if is_remote(file.reference):
        shown = without_credentials(file.reference)
        message = f"the copy of {shown} changed {when} ({registered}); remove it, and it is fetched again"
    else:
        message = f"changed {when} ({registered})"
    return Problem(kind=CHANGED_FILE, file=file.path, message=message)
