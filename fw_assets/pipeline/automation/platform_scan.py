"""Scan of the platform's datasets, for the sensor that registers those that a person uploads there."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from fw_assets.classification.catalogue.resource_ids import PREFIX
from fw_assets.classification.dataset_reference import dataset_name
from fw_assets.classification.values import digest
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.automation.scan import FileState, Mark, Scan, one_line
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register
from fw_assets.workspace.workspace import Workspace


def scan_platform(
    pattern: str,
    session: Mapping[str, Any],
    store: Workspace,
    platform: Platform,
    before: Mapping[str, FileState],
    now: float,
) -> Scan:
    """Register the datasets that are new or changed, ready, and match `pattern`; not those of this program's own jobs.

    Args:
        session: fields with the models and everything else.
    """
    scan = Scan(store, platform, before, now)
    try:
        datasets = platform.call(lambda client: client.datasets())
    except FireworksError as error:
        return scan.failed(one_line(error))
    for item in datasets:
        if item.id.startswith(f"{PREFIX}-") or not fnmatchcase(item.id, pattern):
            continue
        dataset = dataset_name(item.name)
        version = f"{item.create_time} {item.raw.get('updateTime', '')} {digest(session)}"
        marks: list[Mark] = [(item.name, item.example_count, version)]
        state = scan.state(dataset, marks)
        if state.taken == marks:
            continue
        if not item.ready:
            scan.notes.append(f"{item.id}: is {item.state} on the platform")
        elif not scan.waits_after_failure(item.id, state):
            with scan.registering(dataset, item.id, state):
                register(store, platform, {**session, "dataset": item.name}, driver="daemon", name=dataset)
                scan.registered.append(dataset)
                scan.states[dataset] = FileState(marks, state.since, "", marks)
    return scan
