"""Models as the platform's catalogue shows them."""

from __future__ import annotations

from ._http import HttpClient
from ._names import full_name, resource_path
from ._resources import ApiValue, Resource, parse_resource

DOCUMENTED_RANKS = (1, 2, 4, 8, 16, 32)
"""LoRA ranks of the managed trainer; a model whose entry publishes others takes those."""


class Date(ApiValue):
    """google.type.Date: a part that is not known is 0."""

    year: int = 0
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        """ISO 8601 as far as it is known; empty for no date."""
        if not self.year:
            return ""
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)]
        return "-".join(parts if self.month else parts[:1])


class BaseModelDetails(ApiValue):
    parameter_count: int | None = None
    tunable: bool = False


class PeftDetails(ApiValue):
    """What an adapter is for, and its rank."""

    base_model: str = ""
    r: int | None = None


class GridPoint(ApiValue):
    """One published hyper-parameter choice; `epochs` None leaves them to the caller."""

    lora_rank: int
    learning_rate: float
    epochs: int | None = None


class FineTuningDefaults(ApiValue):
    """What an embedded model's entry recommends for fine-tuning; the hosted service has none."""

    grid: tuple[GridPoint, ...] = ()
    batch_size_samples: int | None = None
    learning_rate_range: tuple[float, float] | None = None
    lora_ranks: tuple[int, ...] = ()


class Throughput(ApiValue):
    """What an embedded language model's entry tells of its speed on the machine; the hosted service tells none.

    `basis` is `jobs` where former jobs told the rate of training, else `device`.
    """

    training_tokens_per_second: float
    scoring_tokens_per_second: float
    basis: str = "device"
    trains_on_instructions: bool = False
    rows_for_trial: int | None = None
    parallel_jobs: int = 1


class DeployedModelRef(ApiValue):
    """A deployment that an adapter is loaded into."""

    deployment: str = ""
    state: str = "STATE_UNSPECIFIED"

    @property
    def serves(self) -> bool:
        return self.state == "DEPLOYED"


class Model(Resource):
    """A base model or an adapter.

    `default_calibration`, `threshold_rules`, `weights_digest` and others with a default that the hosted service never
    overrides are of the embedded platform.
    """

    kind: str = "KIND_UNSPECIFIED"
    description: str = ""
    tunable: bool = False
    supervised_lora_tunable: bool | None = None
    use_training_v2: bool | None = None
    supports_lora: bool = False
    supports_serverless: bool = False
    supports_batch_inference: bool | None = None
    public: bool = False
    deprecation_date: Date = Date()
    context_length: int | None = None
    reads_whole_prompt: bool = True
    answered_by: str = ""
    default_calibration: str = ""
    threshold_rules: tuple[str, ...] = ()
    weights_digest: str = ""
    base_model_details: BaseModelDetails = BaseModelDetails()
    peft_details: PeftDetails = PeftDetails()
    deployed_model_refs: tuple[DeployedModelRef, ...] = ()
    fine_tuning_defaults: FineTuningDefaults | None = None
    throughput: Throughput | None = None

    @property
    def parameter_count(self) -> int | None:
        """Number of parameters, where the platform publishes it."""
        return self.base_model_details.parameter_count

    @property
    def lora_ranks(self) -> tuple[int, ...]:
        """The LoRA ranks that it takes: those of its entry, else the documented ones and those of its grid.

        An adapter that is continued keeps its own.
        """
        if self.peft_details.r is not None:
            return (self.peft_details.r,)
        published = self.fine_tuning_defaults
        if published is None or published.lora_ranks:
            return published.lora_ranks if published else DOCUMENTED_RANKS
        return tuple(sorted({*DOCUMENTED_RANKS, *(point.lora_rank for point in published.grid)}))

    @property
    def can_tune(self) -> bool:
        """Whether managed fine-tuning trains adapters on it.

        `tunable` is of the first training stack alone, and deprecated: what the second one says counts, unless the
        platform says that the model is not on it.
        """
        first_stack = self.tunable or self.base_model_details.tunable
        if self.use_training_v2 is False:
            return first_stack or bool(self.supervised_lora_tunable)
        if self.supervised_lora_tunable is not None:
            return self.supervised_lora_tunable
        return first_stack and not self.use_training_v2

    @property
    def can_batch(self) -> bool:
        """Whether batch inference takes it. The hosted service does not say; it takes every public base model."""
        if self.supports_batch_inference is not None:
            return self.supports_batch_inference
        return self.public and self.kind == "HF_BASE_MODEL"


async def list_models(http: HttpClient, owner: str) -> list[Model]:
    """Every model of the account `owner`."""
    return [parse_resource(Model, item) for item in await http.pages(f"/v1/accounts/{owner}/models", "models")]


async def get_model(http: HttpClient, name: str, owner: str) -> Model:
    """One model; a short name is one of the account `owner`."""
    return parse_resource(Model, await http.get(resource_path(full_name(name, owner, "models"))))
