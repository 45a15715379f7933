from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf

from fw_assets.embedded.engine.features.minilm_weights import find_weights
from fw_assets.embedded.engine.features.onnx_graph import HEADS, LAYERS, WIDTH
from fw_assets.embedded.engine.features.sentence_encoder import MAX_TOKENS, SentenceEncoder
from fw_assets.embedded.engine.features.tokenizer import token_ids
from fw_assets_tests.embedded.engine.conftest import needs_weights

pytestmark = needs_weights
TEXTS = [
    "Where is my card?",
    "I want my money back, and I want it now!",
    "a",
    "",
    "Ünïcödé \U0001f600 text",
    "one more",
]


@pytest.fixture(scope="module")
def encoder(cache: Path) -> SentenceEncoder:
    return SentenceEncoder(cache)


def full_precision(text: str) -> np.ndarray:
    """The sentence embedding by the architecture's definition, in float32 numpy (Devlin et al. 2019)."""
    from safetensors.numpy import load_file

    files = find_weights()
    assert files is not None
    tensors: dict[str, np.ndarray] = load_file(files.weights)

    def norm(value: np.ndarray, name: str) -> np.ndarray:
        centred = value - value.mean(axis=-1, keepdims=True)
        unit = centred / np.sqrt(value.var(axis=-1, keepdims=True) + 1e-12)
        scaled: np.ndarray = unit * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
        return scaled

    def linear(value: np.ndarray, name: str) -> np.ndarray:
        product: np.ndarray = value @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
        return product

    ids = token_ids(str(files.tokenizer), [text], MAX_TOKENS)[0]
    state = tensors["embeddings.word_embeddings.weight"][ids]
    state = state + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    state = norm(state + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            linear(state, f"{name}.attention.self.{part}").reshape(len(ids), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        match = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS))
        mixed = (match / match.sum(axis=-1, keepdims=True)) @ value
        mixed = linear(mixed.transpose(1, 0, 2).reshape(len(ids), WIDTH), f"{name}.attention.output.dense")
        state = norm(state + mixed, f"{name}.attention.output.LayerNorm")
        wide = linear(state, f"{name}.intermediate.dense")
        narrow = linear(wide * 0.5 * (1 + erf(wide / np.sqrt(2))), f"{name}.output.dense")
        state = norm(state + narrow, f"{name}.output.LayerNorm")
    mean = state.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_the_last_part_is_the_sentence_embedding(encoder: SentenceEncoder, text: str) -> None:
    embedding = encoder.embed([text], 256)[0]
    assert embedding[-WIDTH:] @ full_precision(text) > 0.98
    assert np.allclose(np.linalg.norm(embedding.reshape(3, WIDTH), axis=1), 1.0, atol=1e-3)


def cache_without_embeddings(cache: Path, folder: Path) -> Path:
    """A copy of a cache folder with the graph and the marks of verified weights, but without stored embeddings."""
    return Path(shutil.copytree(cache, folder, ignore=shutil.ignore_patterns("*.embeddings.sqlite*")))


def test_an_embedding_does_not_depend_on_the_other_texts(encoder: SentenceEncoder, cache: Path, tmp_path: Path) -> None:
    texts = [f"{word} is number {number}" for number in range(2) for word in ("this", "that", "it")]
    together = encoder.embed(texts, 256)
    for index, text in enumerate(texts):
        fresh = SentenceEncoder(cache_without_embeddings(cache, tmp_path / str(index)))
        assert np.array_equal(fresh.embed([text], 256)[0], together[index])


def test_stored_embeddings_are_used_and_are_the_same_bits(cache: Path, tmp_path: Path) -> None:
    folder = cache_without_embeddings(cache, tmp_path / "cache")
    computed = SentenceEncoder(folder).embed(TEXTS, 256)
    assert np.array_equal(SentenceEncoder(folder).embed(TEXTS, 256), computed)
    (path,) = folder.glob("*.embeddings.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE embedding SET value = zeroblob(length(value))")
    assert not SentenceEncoder(folder).embed(TEXTS, 256).any()


def test_a_text_beyond_the_limit_is_cut(encoder: SentenceEncoder) -> None:
    long = "card " * 50
    assert np.array_equal(encoder.embed([long], 8), encoder.embed(["card " * 6], 256))
    assert not np.array_equal(encoder.embed([long], 8), encoder.embed([long], 256))
    assert encoder.embed(["word " * 2000], 100_000).shape == (1, 3 * WIDTH)


def test_no_texts_have_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.embed([], 256).shape == (0, 3 * WIDTH)


@needs_weights
def test_a_damaged_graph_is_written_again(encoder: SentenceEncoder, cache: Path, tmp_path: Path) -> None:
    expected = encoder.embed(["where is my card?"], 64)
    (graph,) = cache.glob("*.onnx")
    whole = graph.read_bytes()
    for number, content in enumerate((b"", b"no graph", whole[:1000], whole[:-9] + bytes(9))):
        folder = tmp_path / str(number)
        shutil.copytree(cache, folder, ignore=shutil.ignore_patterns("*.sqlite*"))
        (folder / graph.name).write_bytes(content)
        assert np.array_equal(SentenceEncoder(folder).embed(["where is my card?"], 64), expected)
