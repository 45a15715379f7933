from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.label_trie import ROOT, LabelTrie

answers = st.lists(
    st.lists(st.integers(1, 4), max_size=5).map(lambda tokens: (*tokens, 0)), min_size=1, max_size=12, unique=True
)


@given(answers)
def test_paths_spell_the_answers_and_shared_beginnings_are_one(answers: list[tuple[int, ...]]) -> None:
    trie = LabelTrie(answers)
    assert [tuple(trie.tokens[node] for node in path) for path in trie.paths] == answers
    assert len(trie.tokens) == len({answer[: end + 1] for answer in answers for end in range(len(answer))})
    assert all(parent < node for node, parent in enumerate(trie.parents))
    assert all(trie.path_to(path[-1]) == list(path) for path in trie.paths)
    assert sorted(trie.answers_below[ROOT]) == list(range(len(answers)))


@given(answers)
def test_a_choice_is_between_children_or_made(answers: list[tuple[int, ...]]) -> None:
    trie = LabelTrie(answers)
    for node in (ROOT, *trie.inner):
        after = trie.choice_after(node)
        assert len(trie.children.get(after, [])) != 1
        assert trie.answers_below[after] == trie.answers_below[node]


def test_answers_of_the_same_tokens_are_refused() -> None:
    with pytest.raises(EngineError, match="same tokens"):
        LabelTrie([(1, 0), (1, 0)])
