"""Client of the Fireworks REST API: datasets, fine-tuning, serving, batch inference. It only ever creates.

Import from here alone; the modules are private. `Fireworks` is the client, the `...Spec` classes say what to create,
the others are what its methods return and raise. Knows nothing of Dagster, the domain or the embedded platform.
"""

from ._batch import BatchInferenceJob, BatchInferenceSpec, batch_results
from ._billing import BillingSummary, LineItem
from ._chat_route import ChatRoute
from ._chat_server import ChatServer
from ._client import CATALOGUE_OWNER, Fireworks
from ._clock import Clock, SystemClock
from ._completion import ChatCompletion, TokenLogprob
from ._connection import HOSTED
from ._datasets import Dataset
from ._decision import Decision, DecisionAnswer
from ._decision_question import MAX_OPTIONS, Choice, Noul, Question, Score
from ._decisions import State
from ._deployed_models import DeployedModel
from ._deployments import Accelerators, Deployment, DeploymentSpec
from ._errors import (
    AccountError,
    AdapterNotLoaded,
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
    HardwareShortage,
    JobFailed,
    ModelAccessDenied,
    NotFound,
    OversizedResponse,
    PermissionDenied,
    PlatformFault,
    PreconditionUnmet,
    QuotaExceeded,
    RateLimited,
    ReasoningRefused,
    ScalingUp,
    ServerError,
    ShapeNotEnabled,
    Stalled,
    TooLarge,
    UnexpectedResponse,
    ValidateOnlyIgnored,
    WaitTimeout,
    names_reasoning,
)
from ._fine_tuning import FineTuningJob
from ._fine_tuning_spec import FineTuningSpec, LrScheduler
from ._job import JobProgress
from ._models import FineTuningDefaults, GridPoint, Model, Throughput
from ._readiness import ReadyDeployment, addresses
from ._resources import Money
from ._retry import Backoff, RetryPolicy
from ._shapes import Shape

__all__ = [
    "CATALOGUE_OWNER",
    "HOSTED",
    "MAX_OPTIONS",
    "Accelerators",
    "AccountError",
    "AdapterNotLoaded",
    "AlreadyExists",
    "ApiError",
    "AuthenticationError",
    "Backoff",
    "BadRequest",
    "BatchInferenceJob",
    "BatchInferenceSpec",
    "BillingError",
    "BillingSummary",
    "ChatCompletion",
    "ChatRoute",
    "ChatServer",
    "Choice",
    "Clock",
    "ConflictError",
    "ConnectionFailed",
    "Dataset",
    "DatasetFailed",
    "Decision",
    "DecisionAnswer",
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
    "HardwareShortage",
    "JobFailed",
    "JobProgress",
    "LineItem",
    "LrScheduler",
    "Model",
    "ModelAccessDenied",
    "Money",
    "NotFound",
    "Noul",
    "OversizedResponse",
    "PermissionDenied",
    "PlatformFault",
    "PreconditionUnmet",
    "Question",
    "QuotaExceeded",
    "RateLimited",
    "ReadyDeployment",
    "ReasoningRefused",
    "RetryPolicy",
    "ScalingUp",
    "Score",
    "ServerError",
    "Shape",
    "ShapeNotEnabled",
    "Stalled",
    "State",
    "SystemClock",
    "Throughput",
    "TokenLogprob",
    "TooLarge",
    "UnexpectedResponse",
    "ValidateOnlyIgnored",
    "WaitTimeout",
    "addresses",
    "batch_results",
    "names_reasoning",
]
