"""Files of a report, compared with what was written: a damaged figure must not be read as a measured one."""

from __future__ import annotations

import hashlib
import logging

import msgspec

from fw_assets.pipeline.workflow.next_step import to_go_on
from fw_assets.workspace.workspace import Workspace

log = logging.getLogger("fw_assets.workspace")


class _Record(msgspec.Struct):
    sha256: dict[str, str] = {}


def text_digest(text: str) -> str:
    """The SHA-256 of a file with this text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def changed_report_files(store: Workspace, dataset: str) -> list[str]:
    """The names of the report's files that are missing, damaged or edited; a report without digests has none."""
    record = store.read_fields("report", dataset, _Record)
    return [name for name, digest in record.sha256.items() if _digest(store, dataset, name) != digest] if record else []


def set_report_aside(store: Workspace, dataset: str, names: list[str]) -> None:
    """Set the files aside, so that the report is due again."""
    for name in names:
        if store.exists(dataset, name):
            aside = store.set_aside(dataset, name)
            log.warning(
                "%s is not what was written: set aside as %s, to be made again", store.url(dataset, name), aside
            )
    store.set_aside(dataset, "assets", "report.json")


def _digest(store: Workspace, dataset: str, name: str) -> str | None:
    try:
        raw = store.read_bytes(dataset, name)
    except IsADirectoryError:
        return None
    return None if raw is None else hashlib.sha256(raw).hexdigest()


def whole_report(store: Workspace, dataset: str) -> str | None:
    """report.json, or None where there is no report.

    Raises:
        FileNotFoundError: a file of the report is not what was written.
    """
    if changed := [store.url(dataset, file) for file in changed_report_files(store, dataset)]:
        raise FileNotFoundError(
            f"{', '.join(changed)}: not what was written, so damaged or edited; it is set aside and made again by: "
            f"{to_go_on(store, dataset)}"
        )
    return store.read_text(dataset, "report.json")
