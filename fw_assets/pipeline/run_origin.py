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
ORIGIN_TAGS = {
    ".dagster/repository": f"{REPOSITORY}@{LOCATION_NAME}",
    # A run that has an origin is retried by the daemon when its process is lost; here the command starts it again.
    "dagster/max_retries": "0",
}


def record_origin(instance: dg.DagsterInstance, run_id: str) -> None:
    """Write the origin of a run that has none."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.remote_job_origin is None:
        origin: Any = dg.deserialize_value(json.dumps(_stored_origin(run.job_name)))
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
