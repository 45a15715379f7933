"""Duplicate groups: exact, normalised and near duplicates and variants, found before rows are split.

No group is in two parts of a split of one dataset. Between a training and an evaluation dataset what is equal or nearly
so is taken out of the training side only, and variants stay on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.splits.minhash import THRESHOLD, components, near_pairs
from fw_assets.classification.splits.variants import variant_pairs
from fw_assets.classification.values import Frozen

EXAMPLES = 20


class OverlapExample(Frozen):
    """Two rows of one group."""

    kind: str
    """`exact`, `normalised`, `near` or `variant`."""
    first: str
    second: str
    """Row ids."""
    similarity: float
    """Jaccard similarity of the character shingles; of a variant, the ratio of words in common."""
    text: str
    """The second row's input, cut to 200 characters."""


class OverlapFacts(Frozen):
    """Counts and examples of duplicates; groups count when they hold at least two rows."""

    exact_groups: int
    normalised_groups: int
    """Groups after case, width, punctuation and space are ignored, the exact ones among them."""
    near_groups: int
    """Groups after near duplicates, variants and conversations are joined: those that the split of a dataset keeps
    whole."""
    rows_in_groups: int
    largest_group: int
    removed_from_train: int
    between_train_and_eval: int
    """Evaluation rows that have a duplicate in the training dataset."""
    threshold: float = THRESHOLD
    examples: tuple[OverlapExample, ...] = ()
    removed: tuple[str, ...] = ()
    """Ids of all rows taken out of the training dataset."""
    variants: tuple[str, ...] = ()
    """Ids of the evaluation rows that have variants among the training rows, which stay there."""
    variants_in_train: int = 0
    """Training rows that are variants of evaluation rows."""


@dataclass(frozen=True)
class DuplicateGroups:
    """The group number of every row of a frame, coarser from one array to the next."""

    exact: NDArray[np.int64]
    normalised: NDArray[np.int64]
    alike: NDArray[np.int64]
    """Near duplicates by their shingles."""
    near: NDArray[np.int64]
    """`alike` joined with variants: one word or slot another."""
    final: NDArray[np.int64]
    """`near` joined with the group keys of the training rows."""
    overlapping: NDArray[np.bool_]
    """Training rows that have a duplicate in the evaluation dataset."""
    pairs: tuple[tuple[int, int, float], ...]
    """The most similar near duplicates: two row positions and their similarity."""
    variants: tuple[tuple[int, int], ...] = ()
    """Some variants that are not in the same group otherwise: two row positions."""


def normalised(texts: pl.Series) -> pl.Series:
    """NFKC, lower case, punctuation as space, single spaces; pure punctuation only loses spaces."""
    folded = texts.str.normalize("NFKC").str.to_lowercase()
    words = folded.str.replace_all(r"[\p{P}\p{Z}\p{C}\s]+", " ").str.strip_chars()
    punctuation = texts.str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.select(pl.when(words == "").then(punctuation).otherwise(words)).to_series()


def find_groups(frame: pl.DataFrame) -> DuplicateGroups:
    """All kinds of groups of an inspected frame, each numbered in order of first appearance.

    Rows with the same `group_key` belong together within the training dataset.

    Args:
        frame: columns `text`, `source` and `group_key`, and `labels` where they are known: variants have the same.
    """
    count = frame.height
    keys = normalised(frame["text"])
    same_key = _numbered(keys)
    distinct = np.unique(same_key, return_index=True)[1]
    left, right, similarity = near_pairs(keys.gather(distinct).to_list())
    alike = components(count, *_edges(same_key, distinct[left], distinct[right]))
    one, other = _variants(frame)
    near = components(count, *_edges(alike, one, other))
    apart = np.flatnonzero(alike[one] != alike[other])[:EXAMPLES]
    variants = tuple(zip(one[apart].tolist(), other[apart].tolist(), strict=True))
    is_eval = (frame["source"] == "eval").to_numpy()
    # Variants stay: people ask alike in training and in production, and a template that both datasets share would take
    # all its rows out. How much they help is shown by the accuracy by similarity.
    overlapping = ~is_eval & np.isin(alike, alike[is_eval])
    # Equal ids in two datasets need not mean the same user, and one row that both have must not take out all rows of
    # its user.
    keyed = np.flatnonzero(~is_eval & ~overlapping & frame["group_key"].is_not_null().to_numpy())
    firsts = _first_of(_numbered(frame["group_key"].gather(keyed)))
    final = components(count, *_edges(near, keyed, keyed[firsts] if len(keyed) else keyed))
    most_similar = np.argsort(-similarity, kind="stable")[:EXAMPLES]
    pairs = tuple((int(distinct[left[i]]), int(distinct[right[i]]), float(similarity[i])) for i in most_similar)
    return DuplicateGroups(_numbered(frame["text"]), same_key, alike, near, final, overlapping, pairs, variants)


def _variants(frame: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of row positions of variants."""
    labels = pl.col("labels").list.join("\x1f") if "labels" in frame.columns else pl.lit("")
    rows = (
        frame.select("text", labels.alias("label"))
        .with_row_index()
        .unique(["text", "label"], keep="first")
        .sort("index")
    )
    left, right = variant_pairs(rows["text"], _numbered(rows["label"]))
    positions = rows["index"].to_numpy().astype(np.int64)
    return positions[left], positions[right]


def overlap_facts(frame: pl.DataFrame, groups: DuplicateGroups) -> OverlapFacts:
    """Counts and examples of the groups of a frame (`find_groups`)."""
    is_eval = (frame["source"] == "eval").to_numpy()
    train_groups = groups.alike[~is_eval]
    # Between rows that are in use: of those taken out, nothing is learned.
    trained = ~is_eval & ~groups.overlapping
    with_variants = is_eval & np.isin(groups.near, groups.near[trained])
    sizes = np.bincount(groups.final) if frame.height else np.zeros(1, np.int64)
    return OverlapFacts(
        exact_groups=_repeated(groups.exact),
        normalised_groups=_repeated(groups.normalised),
        near_groups=_repeated(groups.final),
        rows_in_groups=int(sizes[sizes > 1].sum()),
        largest_group=int(sizes.max()),
        removed_from_train=int(groups.overlapping.sum()),
        between_train_and_eval=int(np.isin(groups.alike[is_eval], train_groups).sum()),
        examples=_examples(frame, groups),
        removed=tuple(frame["id"].filter(pl.Series(groups.overlapping))),
        variants=tuple(frame["id"].filter(pl.Series(with_variants))),
        variants_in_train=int((trained & np.isin(groups.near, groups.near[is_eval])).sum()),
    )


def _examples(frame: pl.DataFrame, groups: DuplicateGroups) -> tuple[OverlapExample, ...]:
    pairs: list[tuple[str, int, int, float]] = []
    for kind, numbers in (("exact", groups.exact), ("normalised", groups.normalised)):
        firsts = _first_of(numbers)
        for second in np.flatnonzero(firsts != np.arange(len(firsts))):
            first = int(firsts[second])
            if kind == "exact" or groups.exact[first] != groups.exact[second]:
                pairs.append((kind, first, int(second), 1.0))
            if sum(1 for pair in pairs if pair[0] == kind) >= EXAMPLES:
                break
    pairs += [("near", first, second, similarity) for first, second, similarity in groups.pairs]
    ids, texts = frame["id"], frame["text"]
    pairs += [("variant", one, other, _word_ratio(texts[one], texts[other])) for one, other in groups.variants]
    return tuple(
        OverlapExample(
            kind=kind,
            first=ids[first],
            second=ids[second],
            similarity=round(similarity, 4),
            text=texts[second][:200],
        )
        for kind, first, second, similarity in pairs
    )


def _word_ratio(one: str, other: str) -> float:
    left, right = (text.split() for text in normalised(pl.Series([one, other])))
    return SequenceMatcher(None, left, right, autojunk=False).ratio()


def _numbered(values: pl.Series) -> NDArray[np.int64]:
    """Equal values get equal numbers, in order of first appearance."""
    firsts = pl.DataFrame({"value": values}).with_row_index().select(pl.col("index").first().over("value"))
    return np.unique(firsts.to_series().to_numpy(), return_inverse=True)[1].astype(np.int64)


def _first_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of the first row that has each row's number."""
    _, firsts, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return firsts[inverse].astype(np.int64)


def _edges(
    groups: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An edge from each row to the first of its group, and those between `left` and `right`."""
    positions = np.arange(len(groups))
    return np.concatenate((positions, left)), np.concatenate((_first_of(groups), right))


def _repeated(groups: NDArray[np.int64]) -> int:
    return int((np.bincount(groups) > 1).sum()) if len(groups) else 0
