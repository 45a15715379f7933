"""Origin of a run: the code location and job that it belongs to, by which the UI's timeline and job pages find it.

Dagster sets it for the runs that its daemon and its UI launch, and not for those that a command executes itself.
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg

from fw_assets.code_location import CODE_LOCATION, LOCATION_NAME

REPOSITORY = "__repository__"
"""What Dagster calls the one repository of a code location that has no other."""
ORIGIN_TAG = ".dagster/fw_assets_origin"
"""The origin of the run that started this one, whose code location is another than that of this package."""
_REPOSITORY_TAG = ".dagster/repository"


def origin_of(run: dg.DagsterRun) -> str | None:
    """The origin of a run as text; None where it has none."""
    if run.remote_job_origin is None:
        return None
    origin = json.loads(dg.serialize_value(run.remote_job_origin))
    return json.dumps([run.tags.get(_REPOSITORY_TAG, ""), origin])


def origin_tags(origin: str | None) -> dict[str, str]:
    """The tags of a run that the daemon does not launch.

    Args:
        origin: of the run that starts it; None for a command.
    """
    repository = json.loads(origin)[0] if origin else f"{REPOSITORY}@{LOCATION_NAME}"
    return {
        **({_REPOSITORY_TAG: repository} if repository else {}),
        **({ORIGIN_TAG: origin} if origin else {}),
        # A run that has an origin is retried by the daemon when its process is lost; here who started it does that.
        "dagster/max_retries": "0",
    }


def record_origin(instance: dg.DagsterInstance, run_id: str) -> None:
    """Write the origin of a run that has none."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.remote_job_origin is None:
        given = run.tags.get(ORIGIN_TAG)
        stored = json.loads(given)[1] | {"pipeline_name": run.job_name} if given else _stored_origin(run.job_name)
        origin: Any = dg.deserialize_value(json.dumps(stored))
        instance.run_storage.replace_job_origin(run, origin)


def _stored_origin(job: str) -> dict[str, object]:
    """As Dagster stores it: its classes are private, and what it has stored it goes on reading."""
    module = dict.fromkeys(("attribute", "executable_path", "package_name", "python_file", "working_directory"))
    location = {
        "__class__": "ManagedGrpcPythonEnvRepositoryLocationOrigin",
        "loadable_target_origin": {"__class__": "LoadableTargetOrigin", **module, "module_name": CODE_LOCATION},
        "location_name": LOCATION_NAME,
    }
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": location,
        "repository_name": REPOSITORY,
    }
    return {"__class__": "ExternalPipelineOrigin", "external_repository_origin": repository, "pipeline_name": job}
