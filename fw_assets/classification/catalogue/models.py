"""Models of a catalogue: what a platform offers, and what a plan asks and fine-tunes."""

from __future__ import annotations

from typing import Any, Literal

from fw_assets.classification.arm import Arm, arm_of, without_arm
from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.tuning_grid import Cell, PublishedCell
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.session import Inference
from fw_assets.classification.values import Frozen

_CHAT_KINDS = ("HF_BASE_MODEL", "CUSTOM_MODEL", "KIND_UNSPECIFIED")
"""Kinds of catalogue entries that answer chats; the others are embedding and image models, adapters and drafts."""
ADAPTER = "HF_PEFT_ADDON"
"""The kind of LoRA adapters, such as fine-tuning jobs leave behind."""
DEPLOYMENT = "DEPLOYMENT"
ROUTER = "ROUTER"
"""Kinds of entries of what a session names in place of a model: a deployment that exists, and a router."""
_OF_TUNING = frozenset({"tunable", "supports_lora", "learning_rate_range", "batch_size"})
"""Fields of a catalogue entry that matter only where the model is fine-tuned."""
_LATER_FIELDS = (
    "base_model",
    "rank",
    "deployment",
    "endpoint",
    "answered_by",
    "calibration",
    "weights",
    "serves",
    "serves_base",
)
"""Fields that entries of earlier versions lack: their defaults leave the digests of plans."""


THINKING_ONLY = ("gpt-oss", "minimax-m2", "glm-5p3")
"""Beginnings of the ids of models that refuse `reasoning_effort: none`; the catalogue does not say it of them."""
THINKING_ONLY_DATE = "as tried on 2026-09-07"
_ALWAYS_THINKS = (
    f"always thinks before it answers and cannot be told not to ({THINKING_ONLY_DATE}): every row would pay for its "
    "reasoning, and the label would come after the tokens that it has room in"
)


class CatalogueModel(Frozen):
    """A base model as the platform lists it now, or a model outside its catalogue that a session names.

    `grid`, `learning_rate_range`, `lora_ranks` and `batch_size` are what the platform publishes for tuning, if any.
    """

    name: str
    display_name: str = ""
    parameter_count: int | None = None
    context_length: int | None = None
    tunable: bool = False
    serverless: bool = False
    batch: bool = False
    supports_lora: bool = False
    grid: tuple[PublishedCell, ...] | None = None
    learning_rate_range: tuple[float, float] | None = None
    lora_ranks: tuple[int, ...] = ()
    """The ranks that it takes; empty where that is not known."""
    batch_size: int | None = None
    kind: str = "HF_BASE_MODEL"
    """The platform's word for what it is."""
    retired: str = ""
    """When the platform takes it away, as an ISO date that may lack month or day; empty where it is not known."""
    unusable: str = ""
    """The reason why the platform does not serve it now; empty when it does."""
    listed: bool = True
    """Whether it is in the platform's catalogue, and not one that was read because a session names it."""
    base_model: str = ""
    """Of an adapter: the full name of the model that it was trained from."""
    rank: int | None = None
    """Of an adapter."""
    deployment: str = ""
    """The full name of a deployment that serves it already and was not made by this program."""
    endpoint: ModelEndpoint | None = None
    """Where it answers outside of the platform: evaluated as it is, and not trained."""
    reads_whole_prompt: bool = True
    """Whether the instructions and the list of labels take of its context; encoders read the user's turn alone."""
    speed: ModelSpeed | None = None
    """On the machine that it runs on, where the platform tells it; it changes neither outcome nor price."""

    answered_by: str = ""
    """The address of the server that answers for the platform; empty where the platform itself does."""
    calibration: Literal["", "contextual"] = ""
    """Whether its answers are calibrated by default, so that the validation rows are asked to choose with or without;
    empty where it is not, or an earlier version made the entry."""
    weights: str = ""
    """The digest of its weights, where the platform tells it."""
    serves: str = ""
    """Of a deployment that the session names: the full name of the model that answers there."""
    serves_base: str = ""
    """The base model of that: what it was trained from, or itself; empty where the platform does not show it."""
    threshold_rules: tuple[str, ...] = ()
    """How the platform can fit thresholds of label sets when it fine-tunes it; empty where it fits none."""
    description: str = ""
    """What it is, in the platform's words."""

    @property
    def arm(self) -> Arm | None:
        """The way in which it is asked, where that is another than as it is."""
        return arm_of(self.name)

    @property
    def is_adapter(self) -> bool:
        """Whether it is trained already: evaluated as it is, and not trained again."""
        return self.kind == ADAPTER

    @property
    def is_named_deployment(self) -> bool:
        """Whether it is a deployment that exists: asked under its own name, and neither made nor removed."""
        return self.kind == DEPLOYMENT

    @property
    def is_router(self) -> bool:
        """Whether it is a router, which says nothing of the models behind it."""
        return self.kind == ROUTER

    @property
    def is_trained(self) -> bool:
        """Whether what answers has learned one way of being asked: an adapter, on a deployment or not."""
        return self.is_adapter or (bool(self.serves_base) and self.serves != self.serves_base)

    @property
    def slug(self) -> str:
        """The id without its account."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def strategy(self) -> Inference:
        """The default way of inference: the one that costs least while there are no requests."""
        if self.serverless:
            return "serverless"
        return "batch" if self.batch else "deployment"

    def asked_by(self, inference: Inference | None) -> Inference:
        """The way of inference under the session's own; adapters and deployments have no serverless one, endpoints and
        routers no other."""
        if self.arm is not None and self.arm.kind == "decision":
            inference = "decision"
        if self.is_named_deployment:
            return "deployment"
        if self.endpoint is not None or self.is_router:
            return "decision" if inference == "decision" else "serverless"
        if self.arm is not None and self.arm.requests > 1 and (inference or self.strategy) == "batch":
            # The second request of a row follows from the answer to its first.
            return "serverless" if self.serverless else "deployment"
        if self.is_adapter:
            return "batch" if inference == "batch" else "deployment"
        if inference == "decision" and not self.serverless:
            return "deployment"
        return inference or self.strategy

    @property
    def tuned_served_by(self) -> str | None:
        """What serves it once it is fine-tuned; None where it cannot be."""
        if not self.tunable:
            return None
        return "live merge" if self.supports_lora else "unknown"

    def terms(self, *, tuning: bool) -> dict[str, Any]:
        """What a plan rests on of this entry, as plain data; the grid is in the cells that were made of it.

        Args:
            tuning: whether the plan fine-tunes.
        """
        left_out = {
            "name",
            "display_name",
            "description",
            "grid",
            "kind",
            "retired",
            "unusable",
            "listed",
            "reads_whole_prompt",
            "speed",
            "threshold_rules",
        }
        left_out |= set() if tuning else _OF_TUNING
        left_out |= {name for name in _LATER_FIELDS if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=left_out)

    def as_far_as(self, told: CatalogueModel) -> CatalogueModel:
        """This entry without what `told`, of an earlier version, does not say: its weights and its calibration."""
        if told.weights:
            return self
        return self.model_copy(update={"weights": "", "calibration": told.calibration})

    def refusal(self, *, tunable: bool, inference: Inference | None) -> str | None:
        """The reason why it cannot be a candidate, None when it can.

        Args:
            tunable: whether it must be tunable.
            inference: the way of inference that the session asks for.
        """
        if self.unusable:
            named = self.name if self.is_named_deployment else self.slug
            return f"{named} cannot be used: {self.unusable}"
        if self.endpoint is not None or self.is_router:
            return None
        if self.is_named_deployment:
            return self._thinking_refusal("is a deployment", self.serves_base)
        if self.is_adapter:
            return self._adapter_refusal(tunable=tunable)
        if self.kind not in _CHAT_KINDS:
            kind = self.kind.lower().replace("_", " ")
            return f"{self.slug} answers no chat: the platform lists it as {kind}, not as base model or LoRA adapter"
        if self.slug.startswith(THINKING_ONLY):
            return f"{self.slug} {_ALWAYS_THINKS}"
        if tunable and not self.tunable:
            return f"{self.slug} cannot be fine-tuned on this platform"
        if inference == "serverless" and not self.serverless:
            return f"{self.slug} is not served without a deployment on this platform"
        if inference == "batch" and not self.batch:
            return f"{self.slug} takes no batch inference on this platform"
        return None

    def _adapter_refusal(self, *, tunable: bool) -> str | None:
        if tunable:
            return f"{self.slug} is an adapter: it is evaluated as it is, and not trained again"
        if not self.base_model:
            return f"{self.slug} cannot be used: the platform does not say which model it was trained from"
        return self._thinking_refusal("is an adapter", self.base_model)

    def _thinking_refusal(self, what: str, base_model: str) -> str | None:
        base = base_model.rsplit("/", 1)[-1]
        return f"{self.slug} {what} of {base}, which {_ALWAYS_THINKS}" if base.startswith(THINKING_ONLY) else None


class PlannedModel(Frozen):
    """A candidate with the cells of its sweep and the ways of inference of its base and tuned models.

    `entry` is what the catalogue said of it when the plan was made; null in a plan of a version that did not keep it.
    """

    name: str
    slug: str
    display_name: str = ""
    parameter_count: int | None = None
    tunable: bool
    strategy: Inference
    tuned_strategy: Literal["batch", "deployment"] = "deployment"
    cells: tuple[Cell, ...]
    entry: CatalogueModel | None = None

    @property
    def arm(self) -> Arm | None:
        """The way in which it is asked, where that is another than as it is."""
        return arm_of(self.name)

    @property
    def asked_name(self) -> str:
        """The full name of the model that is asked."""
        return without_arm(self.name)

    @property
    def base_model(self) -> str:
        """Of an adapter that exists already: what it was trained from; empty for a base model."""
        return self.entry.base_model if self.entry else ""

    @property
    def origin(self) -> str:
        """The base model by whose prices and vocabulary it goes, where that is another than itself: what an adapter was
        trained from, or the base of what a named deployment serves."""
        return self.base_model or (self.entry.serves_base if self.entry else "")

    @property
    def is_named_deployment(self) -> bool:
        return self.entry is not None and self.entry.is_named_deployment

    @property
    def is_router(self) -> bool:
        return self.entry is not None and self.entry.is_router

    @property
    def endpoint(self) -> ModelEndpoint | None:
        """Where it answers outside of the platform; None for models of the platform."""
        return self.entry.endpoint if self.entry else None

    @property
    def deployment(self) -> str:
        """A deployment that serves it already and stays as it is; empty where there is none."""
        return self.entry.deployment if self.entry else ""
