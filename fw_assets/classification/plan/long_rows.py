"""Rows that are longer than a model's context, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.text_volumes import TextVolume, of_arm
from fw_assets.classification.values import Frozen

PARTS = ("train", "validation", "test")


class LongRows(Frozen):
    """The rows whose prompt is longer than the context of one model, by part.

    Attributes:
        model: its short id.
        context_length: in tokens.
        rows: by part, of those that have any.
        estimated: whether tokens were estimated from characters, and not counted.
    """

    model: str
    context_length: int
    rows: dict[str, int]
    estimated: bool = False


def long_rows(models: Sequence[CatalogueModel], volumes: Mapping[str, TextVolume]) -> tuple[LongRows, ...]:
    """Of each model with a known context that rows do not fit into."""
    found = []
    for model in models:
        if model.context_length is None:
            continue
        whole = model.reads_whole_prompt
        asked = of_arm(volumes, str(model.arm)) if model.arm else volumes
        rows = {part: asked[part].longer_than(model.context_length, whole=whole) for part in PARTS if part in asked}
        if filled := {part: number for part, number in rows.items() if number}:
            estimated = any(asked[part].prompt_tokens is None or asked[part].approximate for part in filled)
            found.append(
                LongRows(model=model.slug, context_length=model.context_length, rows=filled, estimated=estimated)
            )
    return tuple(found)


def long_row_warnings(found: Iterable[LongRows], parts: Mapping[str, int]) -> Iterator[str]:
    """One sentence for the models that the same rows are too long for.

    Args:
        parts: rows of each part.
    """
    alike: dict[tuple[object, ...], list[LongRows]] = {}
    for item in found:
        alike.setdefault((item.context_length, *item.rows.items()), []).append(item)
    total = sum(parts.get(part, 0) for part in PARTS)
    for items in alike.values():
        first = items[0]
        rows = sum(first.rows.values())
        share = f"All {total:,}" if rows == total else f"{rows:,} of {total:,}"
        by_part = ", ".join(f"{number:,} {part}" for part, number in first.rows.items())
        names = [item.model for item in items]
        named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        about = ", as estimated" if first.estimated else ""
        yield (
            f"{share} rows are longer than the context of {named} ({first.context_length:,} tokens{about}): {by_part}. "
            "In training such a row is cut; when the model is asked it is cut too, or refused, which counts as wrong. "
            "Put what its label rests on at its beginning, shorten it, or take a model with a longer context."
        )
