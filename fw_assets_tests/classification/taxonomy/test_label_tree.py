from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.taxonomy.label_tree import SEPARATORS, label_tree


@pytest.mark.parametrize("separator", SEPARATORS)
def test_paths_are_found_by_every_separator(separator: str) -> None:
    labels = [f"{top}{separator}{name}" for top in ("billing", "account") for name in ("open", "close")]
    tree = label_tree([*labels, "other"])
    assert tree is not None
    assert (tree.separator, tree.levels) == (separator, 2)
    assert tree.above(labels[0], 1) == "billing"
    assert tree.above(labels[0], 2) == labels[0]
    assert tree.above("other", 1) == "other"
    assert (tree.size(1), tree.size(2)) == (3, 5)


def test_spaces_around_a_separator_do_not_count() -> None:
    tree = label_tree(["pets > cat", "pets > dog", "plants > oak"])
    assert tree is not None
    assert tree.paths["pets > cat"] == ("pets", "cat")


@pytest.mark.parametrize("separator", [" > ", ">", " / ", "/ ", " :: "])
def test_a_label_is_above_those_below_it_however_its_separator_is_spaced(separator: str) -> None:
    labels = [separator.join(path) for path in (("m", "c"), ("m", "c", "lost"), ("m", "c", "new"), ("p", "o"))]
    tree = label_tree(labels)
    assert tree is not None
    assert len({tree.above(label, 2) for label in labels[:3]}) == 1
    assert (tree.size(1), tree.size(2), tree.size(3)) == (2, 2, 4)
    assert [tree.above(label, 3) for label in labels] == labels


def test_deeper_paths_have_more_levels() -> None:
    tree = label_tree(["a/b/c", "a/b/d", "a/e", "f/g/h"])
    assert tree is not None
    assert tree.levels == 3
    assert [tree.above("a/b/c", level) for level in (1, 2, 3)] == ["a", "a/b", "a/b/c"]
    assert tree.above("a/e", 3) == "a/e"
    assert (tree.size(1), tree.size(2), tree.size(3)) == (2, 3, 4)


@pytest.mark.parametrize(
    "labels",
    [
        ["yes", "no", "n/a"],
        ["read/write", "copy/paste", "cut/drop"],
        ["card_arrival", "card_linking", "lost_card"],
        ["a/b", "a/c"],
        ["http://x", "ftp://y"],
        ["/", "//", "a/", "/b"],
        [],
    ],
)
def test_other_labels_make_no_hierarchy(labels: list[str]) -> None:
    assert label_tree(labels) is None


@given(st.lists(st.text(alphabet="ab/>:.|_ ", min_size=1, max_size=8), unique=True, max_size=12))
def test_levels_of_any_labels_are_nested(labels: list[str]) -> None:
    tree = label_tree(labels)
    if tree is None:
        return
    sizes = [tree.size(level) for level in range(1, tree.levels + 1)]
    assert sizes[-1] <= len(labels)
    assert all(tree.above(label, tree.levels) == label for label in labels)
    assert 2 <= sizes[0] <= len(labels)
    assert sizes == sorted(sizes)
    for label, path in tree.paths.items():
        below = [other for other, deeper in tree.paths.items() if deeper[: len(path)] == path]
        if len(path) < tree.levels:
            assert {tree.above(other, len(path)) for other in below} == {tree.above(label, len(path))}
