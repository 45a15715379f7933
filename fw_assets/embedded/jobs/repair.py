"""Results of fine-tuning jobs that were damaged on the disk: the job runs again, with the same rows and seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fw_assets.embedded.engine.errors import DamagedModel, DeviceBusy, EngineError, WeightsError
from fw_assets.embedded.errors import RpcError, precondition
from fw_assets.embedded.file_checksums import is_whole
from fw_assets.embedded.inference.routing import ServingTarget, clear_route_cache
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.metrics_file import FILE as METRICS
from fw_assets.embedded.jobs.worker_processes import ensure_workers
from fw_assets.embedded.records.model_documents import model_files
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import ACCOUNT, FINE_TUNING_JOBS, MODELS, short_id, split_name

ResultT = TypeVar("ResultT")
_SOON = {"Retry-After": "5"}


def with_whole_results(platform: EmbeddedPlatform, job: dict[str, Any]) -> dict[str, Any]:
    """A job's document; that of a completed one whose model or metrics are damaged says that it runs again."""
    if job["state"] != "JOB_STATE_COMPLETED":
        return job
    id = short_id(job["name"])
    files = [platform.job_folder(FINE_TUNING_JOBS, id) / METRICS, *model_files(platform, short_id(job["outputModel"]))]
    damaged = next((path for path in files if not is_whole(path)), None)
    return (damaged and _run_again(platform, id, f"{damaged} was damaged")) or job


def with_repair(platform: EmbeddedPlatform, target: ServingTarget, answer: Callable[[], ResultT]) -> ResultT:
    """The result of `answer`, which asks the model of `target`.

    Raises:
        RpcError: the model is damaged: it is trained again, and answers after that. FAILED_PRECONDITION when the files
            of the base model are missing or not the published ones. UNAVAILABLE while others have the device.
    """
    try:
        return answer()
    except DamagedModel as error:
        again = _train_again(platform, target, str(error))
        advice = "it is trained again, and answers after that" if again else "train it again under another name"
        raise RpcError("INTERNAL", f"{error}; {advice}", status=503 if again else 400) from error
    except DeviceBusy as error:
        raise RpcError("UNAVAILABLE", f"{error}; try again", reason="DEVICE_BUSY", headers=_SOON) from None
    except (EngineError, WeightsError) as error:
        # Asking again changes no file: as a server error, the reason would come after minutes of retries.
        raise precondition(str(error)) from None


def _train_again(platform: EmbeddedPlatform, target: ServingTarget, why: str) -> bool:
    if target.folder is None:
        return False
    with platform.database.read() as connection:
        model = documents.find(connection, MODELS, ACCOUNT, target.folder.name)
    return model is not None and _run_again(platform, short_id(model.get("fineTuningJob", "")), why) is not None


def _run_again(platform: EmbeddedPlatform, id: str, why: str) -> dict[str, Any] | None:
    """Queue a completed job once more; None if it is not there, or its model was deleted."""
    with platform.database.write() as connection:
        job = documents.find(connection, FINE_TUNING_JOBS, ACCOUNT, id)
        if job is None:
            return None
        account, model = split_name(job["outputModel"], MODELS, "outputModel")
        if job["state"] == "JOB_STATE_COMPLETED":
            if documents.find(connection, MODELS, account, model) is None:
                return None
            documents.delete(connection, MODELS, account, model)
            job_queue.enqueue(connection, FINE_TUNING_JOBS, ACCOUNT, id, platform.clock())
            job = documents.update(connection, FINE_TUNING_JOBS, ACCOUNT, id, _queued(platform, why))
    clear_route_cache()
    ensure_workers(platform)
    return job


def _queued(platform: EmbeddedPlatform, why: str) -> Mapping[str, Any]:
    return {
        "state": "JOB_STATE_CREATING",
        "status": {"code": "OK", "message": f"{why}: it is trained again"},
        "updateTime": platform.timestamp(),
    }
