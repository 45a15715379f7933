"""Models as the platform's catalogue shows them, read live."""

from __future__ import annotations

from ._http import Wire
from ._names import full_name, resource_path
from ._values import Resource, Value, read


class BaseModelDetails(Value):
    """What is known of a base model."""

    parameter_count: int | None = None
    tunable: bool = False
    moe: bool = False
    default_precision: str = ""


class PeftDetails(Value):
    """What is known of an adapter; `r` is its rank."""

    base_model: str = ""
    r: int | None = None


class DeployedModelRef(Value):
    """Where a model is loaded."""

    name: str = ""
    deployment: str = ""
    state: str = "STATE_UNSPECIFIED"
    default: bool = False
    public: bool = False


class GridPoint(Value):
    """One published hyper-parameter choice; `epochs` None leaves them to the caller."""

    lora_rank: int
    learning_rate: float
    epochs: int | None = None


class FineTuningDefaults(Value):
    """What an embedded model's entry recommends for fine-tuning; the hosted service has none."""

    grid: tuple[GridPoint, ...] = ()
    batch_size_samples: int | None = None
    learning_rate_range: tuple[float, float] | None = None


class Model(Resource):
    """A base model or an adapter. `deployed_model_refs` is filled by `model`, not by `models`."""

    kind: str = "KIND_UNSPECIFIED"
    description: str = ""
    tunable: bool = False
    supports_lora: bool = False
    supports_serverless: bool = False
    supports_batch_inference: bool | None = None
    public: bool = False
    context_length: int | None = None
    training_context_length: int | None = None
    base_model_details: BaseModelDetails = BaseModelDetails()
    peft_details: PeftDetails | None = None
    deployed_model_refs: tuple[DeployedModelRef, ...] = ()
    fine_tuning_job: str = ""
    fine_tuning_defaults: FineTuningDefaults | None = None

    @property
    def parameter_count(self) -> int | None:
        """Parameters, when the platform says."""
        return self.base_model_details.parameter_count

    @property
    def can_tune(self) -> bool:
        """Whether managed fine-tuning takes it, wherever the platform says so."""
        return self.tunable or self.base_model_details.tunable

    @property
    def can_batch(self) -> bool:
        """Whether batch inference takes it. The hosted service does not say: it does of every public base model."""
        if self.supports_batch_inference is not None:
            return self.supports_batch_inference
        return self.public and self.kind == "HF_BASE_MODEL"


async def list_models(wire: Wire, owner: str, filter: str | None) -> list[Model]:
    """Every model of `owner`."""
    query = {"filter": filter} if filter else {}
    return [read(Model, item) for item in await wire.pages(f"/v1/accounts/{owner}/models", "models", query)]


async def get_model(wire: Wire, name: str, owner: str) -> Model:
    """One model with its deployments."""
    return read(Model, await wire.get(resource_path(full_name(name, owner, "models"))))
