"""The Fireworks REST API, client side: datasets, fine-tuning, serving. It only ever creates."""

from ._accounts import Account
from ._batch import BatchInferenceJob, BatchInferenceSpec, batch_results
from ._client import Fireworks
from ._clock import Clock, SystemClock
from ._completion import ChatCompletion, TokenLogprob
from ._connection import HOSTED
from ._datasets import Dataset
from ._deployed_models import DeployedModel
from ._deployments import Deployment, DeploymentSpec
from ._errors import (
    AccountError,
    AlreadyExists,
    ApiError,
    AuthenticationError,
    BadRequest,
    BillingError,
    ConflictError,
    ConnectionFailed,
    DatasetFailed,
    DeploymentFailed,
    FailedPrecondition,
    FireworksError,
    JobFailed,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ScalingUp,
    ServerError,
    Stalled,
    TooLarge,
    UnexpectedAnswer,
    WaitTimeout,
)
from ._job import JobProgress
from ._job_spec import FineTuningSpec, LrScheduler
from ._jobs import FineTuningJob
from ._models import FineTuningDefaults, GridPoint, Model
from ._readiness import ReadyDeployment
from ._retry import Backoff, RetryPolicy

__all__ = [
    "HOSTED",
    "Account",
    "AccountError",
    "AlreadyExists",
    "ApiError",
    "AuthenticationError",
    "Backoff",
    "BadRequest",
    "BatchInferenceJob",
    "BatchInferenceSpec",
    "BillingError",
    "ChatCompletion",
    "Clock",
    "ConflictError",
    "ConnectionFailed",
    "Dataset",
    "DatasetFailed",
    "DeployedModel",
    "Deployment",
    "DeploymentFailed",
    "DeploymentSpec",
    "FailedPrecondition",
    "FineTuningDefaults",
    "FineTuningJob",
    "FineTuningSpec",
    "Fireworks",
    "FireworksError",
    "GridPoint",
    "JobFailed",
    "JobProgress",
    "LrScheduler",
    "Model",
    "NotFound",
    "PermissionDenied",
    "QuotaExceeded",
    "RateLimited",
    "ReadyDeployment",
    "RetryPolicy",
    "ScalingUp",
    "ServerError",
    "Stalled",
    "SystemClock",
    "TokenLogprob",
    "TooLarge",
    "UnexpectedAnswer",
    "WaitTimeout",
    "batch_results",
]
