"""Names of models as people write them, and the entries of the catalogue that they mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.model_endpoint import PREFIX
from fw_assets.classification.session import Inference

MAX_NEAREST = 5
"""Ids that an error suggests."""


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

    A full name (`accounts/ACCOUNT/models/ID`, or that of a deployment or a router) must be listed as it is. Anything
    else is compared by `fold_name`; an instruction-tuned variant is also found without its `instruct` or `it` where no
    other model has that name.

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
        alike = [model for model in models if model.slug == slug]
        names = " and ".join(model.name for model in alike)
        message = f"{names} have the same id, by which results are kept: name one of them"
        if len({model.deployment for model in alike if model.is_named_deployment}) == 1:
            message = (
                f"{names} are asked on one deployment, by whose id ({slug}) results are kept: name one of them, and "
                "each other one in a session of its own (`name`, or `--name`)"
            )
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
    if name.startswith(("accounts/", PREFIX)) or "#" in name:
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
