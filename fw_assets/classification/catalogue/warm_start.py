"""Warm start: an adapter that exists, whose training is continued in place of beginning at its base model."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, input_error
from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen


class WarmStart(Frozen):
    """The adapter that training jobs continue; they keep its rank."""

    name: str
    base_model: str
    rank: int

    @property
    def slug(self) -> str:
        """The id without its account."""
        return self.name.rsplit("/", 1)[-1]


def resolve_warm_start(
    session: Session, candidates: Sequence[CatalogueModel], known: Sequence[CatalogueModel]
) -> WarmStart | None:
    """The adapter that the session's training continues; None where it begins at the base models, or trains nothing.

    Args:
        candidates: the session's models.
        known: the platform's catalogue and the models outside of it that the session names.

    Raises:
        InputError: there is no such adapter, or a candidate that would be fine-tuned cannot continue it.
    """
    name = session.warm_start_from
    if name is None or session.mode != "fine-tune":
        return None
    model = next((item for item in known if name in (item.name, item.slug)), None)
    if model is None:
        raise _error(f"no model of the account is called {name!r}")
    if not model.is_adapter:
        raise _error(model.refusal(tunable=False, inference=None) or f"{model.slug} is no LoRA adapter")
    if refusal := model.refusal(tunable=False, inference=None):
        raise _error(refusal)
    others = [item.slug for item in candidates if item.tunable and item.name != model.base_model]
    if others:
        base = model.base_model.rsplit("/", 1)[-1]
        raise _error(
            f"{model.slug} is an adapter of {base}, so that {', '.join(others)} cannot continue it; name {base} alone "
            "as the model to fine-tune"
        )
    return WarmStart(name=model.name, base_model=model.base_model, rank=_rank(model, session))


def _rank(model: CatalogueModel, session: Session) -> int:
    asked = set(session.lora_ranks or ())
    rank = model.rank if model.rank is not None else next(iter(asked)) if len(asked) == 1 else None
    if rank is None:
        raise _error(f"the platform does not say the rank of {model.slug}; give it as the only one of lora_ranks")
    if asked - {rank}:
        message = f"a job that continues {model.slug} keeps its rank, {rank}; leave lora_ranks out"
        raise input_error(message, field="lora_ranks")
    return rank


def _error(message: str) -> InputError:
    return input_error(message, kind="model", field="warm_start_from")
