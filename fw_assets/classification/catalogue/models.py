"""Model catalogue: the base models that a platform offers, and the lookup of those that a person names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from fw_assets.classification.catalogue.tuning_grid import Cell, PublishedCell
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.model_endpoint import PREFIX, ModelEndpoint
from fw_assets.classification.session import Inference
from fw_assets.classification.values import Frozen

MAX_NEAREST = 5
"""Ids that an error suggests."""
_CHAT_KINDS = ("HF_BASE_MODEL", "CUSTOM_MODEL", "KIND_UNSPECIFIED")
"""Kinds of catalogue entries that answer chats; the others are embedding and image models, adapters and drafts."""
ADAPTER = "HF_PEFT_ADDON"
"""The kind of LoRA adapters, such as fine-tuning jobs leave behind."""
_OF_TUNING = frozenset({"tunable", "supports_lora", "learning_rate_range", "batch_size"})
"""Fields of a catalogue entry that matter only where the model is fine-tuned."""
_LATER_FIELDS = ("base_model", "rank", "deployment", "endpoint")
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

    @property
    def is_adapter(self) -> bool:
        """Whether it is trained already: evaluated as it is, and not trained again."""
        return self.kind == ADAPTER

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
        """The way of inference under the session's own; adapters have no serverless one, and endpoints no other."""
        if self.endpoint is not None:
            return "serverless"
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
        left_out = {"name", "display_name", "grid", "kind", "retired", "unusable", "listed", "reads_whole_prompt"}
        left_out |= set() if tuning else _OF_TUNING
        left_out |= {name for name in _LATER_FIELDS if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=left_out)

    def refusal(self, *, tunable: bool, inference: Inference | None) -> str | None:
        """The reason why it cannot be a candidate, None when it can.

        Args:
            tunable: whether it must be tunable.
            inference: the way of inference that the session asks for.
        """
        if self.unusable:
            return f"{self.slug} cannot be used: {self.unusable}"
        if self.endpoint is not None:
            return (
                f"{self.slug} is asked for texts: an endpoint answers no decisions" if inference == "decision" else None
            )
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
        base = self.base_model.rsplit("/", 1)[-1]
        if base.startswith(THINKING_ONLY):
            return f"{self.slug} is an adapter of {base}, which {_ALWAYS_THINKS}"
        return None


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
    def base_model(self) -> str:
        """Of an adapter that exists already: what it was trained from; empty for a base model."""
        return self.entry.base_model if self.entry else ""

    @property
    def endpoint(self) -> ModelEndpoint | None:
        """Where it answers outside of the platform; None for models of the platform."""
        return self.entry.endpoint if self.entry else None

    @property
    def deployment(self) -> str:
        """A deployment that serves it already and stays as it is; empty where there is none."""
        return self.entry.deployment if self.entry else ""


def fold_name(name: str) -> tuple[str, ...]:
    """The parts of a model name that remain when spelling is ignored.

    Words and numbers stay apart (`Qwen3 8B` and `qwen3-8b` are equal, `qwen-38b` is another model); a decimal
    point is `.` or `p`; separators and a `v` before a version are dropped.
    """
    text = name.strip().lower()
    text = re.sub(r"^accounts/[^/]+/models/", "", text)
    text = re.sub(r"(?<=\d)[.p](?=\d)", ".", text)
    text = re.sub(r"(?<![a-z])v(?=\d)", "", text)
    tokens = re.findall(r"\d+(?:\.\d+)?\s?[bm](?![a-z])|\d+(?:\.\d+)?|[a-z]+", text)
    folded: list[str] = []
    for token in tokens:
        token = token.replace(" ", "")
        if folded and token.isalpha() and folded[-1].isalpha():
            folded[-1] += token
        else:
            folded.append(token)
    return tuple(folded)


def resolve_models(
    names: Sequence[str],
    catalogue: Sequence[CatalogueModel],
    *,
    tunable: bool = True,
    inference: Inference | None = None,
    elsewhere: str = "",
) -> tuple[CatalogueModel, ...]:
    """The catalogue entries for the names that a person wrote, in that order, without repeats.

    A full name (`accounts/ACCOUNT/models/ID`) must be listed as it is. Anything else is compared by `fold_name`;
    an instruction-tuned variant is also found without its `instruct` or `it` where no other model has that name.

    Args:
        catalogue: the platform's own, and the models outside of it that the names may mean.
        tunable: whether models of the platform's catalogue that it does not fine-tune are refused, and a choice of
            which none can be fine-tuned.
        inference: the way in which the platform must be able to serve them.
        elsewhere: where other models are, as a sentence for a name that is unknown.

    Raises:
        InputError: no model is named, or some cannot be used; each with the reason and the nearest ids.
    """
    refused = {
        model.name: model.refusal(tunable=tunable and model.listed and not model.is_adapter, inference=inference)
        for model in catalogue
    }
    usable = [model for model in catalogue if refused[model.name] is None]
    if not names:
        choice = ", ".join(model.slug for model in usable) or "none: the catalogue is empty"
        message = "no candidate model is named, and none is chosen for you"
        raise input_error(message, kind="model", field="models", advice=f"Models that can be used: {choice}.")
    models: list[CatalogueModel] = []
    problems: list[Problem] = []
    for name in names:
        matches = _matches(name, catalogue)
        if len(matches) == 1 and matches[0] in usable:
            models.append(matches[0])
            continue
        if len(matches) == 1:
            reason = refused[matches[0].name] or ""
        elif matches:
            reason = f"{name!r} can mean {' or '.join(model.name for model in matches)}"
        else:
            reason = f"{name!r} is not in the platform's catalogue, and no model of the account has that id"
        nearest = ", ".join(nearest_ids(name, usable)) or "none"
        message = f"{reason}; nearest that can be used: {nearest}"
        message += f". {elsewhere}" if elsewhere and not matches else ""
        problems.append(Problem(kind="model", field="models", message=message))
    if problems:
        raise InputError(problems, advice="Correct that, or name another that `fw-assets models` lists.")
    chosen = tuple(dict.fromkeys(models))
    _check_choice(chosen, tunable=tunable)
    return chosen


def _check_choice(models: Sequence[CatalogueModel], *, tunable: bool) -> None:
    """Refuse models that are one by one right, and cannot be candidates together."""
    slugs = Counter(model.slug for model in models)
    for slug in (slug for slug, number in slugs.items() if number > 1):
        names = " and ".join(model.name for model in models if model.slug == slug)
        message = f"{names} have the same id, by which results are kept: name one of them"
        raise input_error(message, kind="model", field="models")
    if tunable and not any(model.tunable for model in models):
        names = ", ".join(model.slug for model in models)
        message = f"none of {names} can be fine-tuned, only evaluated as they are"
        advice = "Name a base model beside them, or set mode to benchmark (--benchmark-only)."
        raise input_error(message, kind="model", field="models", advice=advice)


def nearest_ids(name: str, catalogue: Sequence[CatalogueModel]) -> tuple[str, ...]:
    """At most `MAX_NEAREST` ids, the most similar to `name` first."""
    folded = fold_name(name)
    short = name.rsplit("/", 1)[-1].lower()

    def similarity(model: CatalogueModel) -> tuple[float, float]:
        tokens = fold_name(model.name)
        shared = len(set(folded) & set(tokens)) / max(len(set(folded) | set(tokens)), 1)
        return (shared + SequenceMatcher(None, short, model.slug).ratio(), -len(model.slug))

    return tuple(model.slug for model in sorted(catalogue, key=similarity, reverse=True)[:MAX_NEAREST])


def _matches(name: str, catalogue: Sequence[CatalogueModel]) -> list[CatalogueModel]:
    """The models that a name can mean: a full name, else an id, else the same words, else those with a variant."""
    name = name.strip()
    if name.startswith(("accounts/", PREFIX)):
        return [model for model in catalogue if model.name == name]
    listed = [model for model in catalogue if model.listed]
    # A model of the account has its short id only where the catalogue has none of it.
    exact = [model for model in listed if model.slug == name] or [model for model in catalogue if model.slug == name]
    if exact:
        return exact
    folded = fold_name(name)
    same_name = [model for model in listed if folded in (fold_name(model.name), fold_name(model.display_name))]
    if same_name:
        return same_name
    return [model for model in listed if folded and _without_variant(fold_name(model.name)) == folded]


def _without_variant(folded: tuple[str, ...]) -> tuple[str, ...]:
    return folded[:-1] if folded and folded[-1] in ("instruct", "it", "chat") else folded
