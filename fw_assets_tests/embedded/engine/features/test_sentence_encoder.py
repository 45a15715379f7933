from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf

from fw_assets.embedded.engine.features.minilm_weights import find_weights
from fw_assets.embedded.engine.features.onnx_graph import HEADS, LAYERS, WIDTH
from fw_assets.embedded.engine.features.sentence_encoder import Encoder
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
def encoder(cache: Path) -> Encoder:
    return Encoder(cache)


def full_precision(text: str) -> np.ndarray:
    """The sentence embedding by the architecture's definition, in float32 numpy (Devlin et al. 2019)."""
    from safetensors.numpy import load_file

    found = find_weights()
    assert found is not None
    tensors: dict[str, np.ndarray] = load_file(found.weights)

    def norm(value: np.ndarray, name: str) -> np.ndarray:
        centred = value - value.mean(axis=-1, keepdims=True)
        unit = centred / np.sqrt(value.var(axis=-1, keepdims=True) + 1e-12)
        scaled: np.ndarray = unit * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
        return scaled

    def linear(value: np.ndarray, name: str) -> np.ndarray:
        product: np.ndarray = value @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
        return product

    ids = token_ids(str(found.tokenizer), [text])[0]
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
def test_the_last_part_is_the_sentence_embedding(encoder: Encoder, text: str) -> None:
    found = encoder.embed([text], 256)[0]
    assert found[-WIDTH:] @ full_precision(text) > 0.98
    assert np.allclose(np.linalg.norm(found.reshape(3, WIDTH), axis=1), 1.0, atol=1e-3)


def test_an_embedding_does_not_depend_on_the_texts_beside_it(encoder: Encoder, tmp_path: Path) -> None:
    texts = [f"{word} is number {number}" for number in range(3) for word in ("this", "that", "it")]
    together = encoder.embed(texts, 256)
    for place, text in enumerate(texts):
        fresh = Encoder.__new__(Encoder)
        fresh.__dict__.update(encoder.__dict__)
        fresh._memory = type(encoder._memory)()
        fresh._disk = type(encoder._disk)(tmp_path / f"{place}.sqlite")
        assert np.array_equal(fresh.embed([text], 256)[0], together[place])
        fresh._disk.close()


def test_the_disk_cache_is_shared_and_gives_the_same_bits(encoder: Encoder, cache: Path) -> None:
    first = encoder.embed(TEXTS, 256)
    other = Encoder(cache)
    other._session = None
    assert np.array_equal(other.embed(TEXTS, 256), first)


def test_a_text_beyond_the_limit_is_cut(encoder: Encoder) -> None:
    long = "card " * 50
    assert np.array_equal(encoder.embed([long], 8), encoder.embed(["card " * 6], 256))
    assert not np.array_equal(encoder.embed([long], 8), encoder.embed([long], 256))
    assert encoder.embed(["word " * 2000], 100_000).shape == (1, 3 * WIDTH)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.embed([], 256).shape == (0, 3 * WIDTH)
