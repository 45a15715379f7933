"""Sentence embeddings of all-MiniLM-L6-v2, cached in memory and on disk."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.embedding_cache import EmbeddingCache
from fw_assets.embedded.engine.features.minilm_weights import WEIGHTS_SHA256, verified_weights
from fw_assets.embedded.engine.features.onnx_graph import OUTPUTS, WIDTH, graph_file
from fw_assets.embedded.engine.features.tokenizer import token_ids

FEATURES = WIDTH * len(OUTPUTS)
MAX_TOKENS = 512
_MAX_TEXTS_PER_CALL = 4
_MAX_TOKENS_PER_CALL = 256
_MEMORY_ENTRIES = 8192
_WRITE_BATCH = 1024

_Entry = tuple[bytes, list[int]]


class SentenceEncoder:
    """Turns texts into 1,152 numbers: the mean over tokens of each of the last three layers, length 1 each.

    The last third is the sentence embedding that all-MiniLM-L6-v2 was trained for; the other two carry wording that it
    smooths over. Values are rounded to float16, so that cached and fresh embeddings are the same bits. Texts of one
    call to the runtime have equally many tokens and are independent of each other.
    """

    def __init__(self, cache: Path) -> None:
        """Load the weights.

        Raises:
            WeightsError: they are missing or are not the published ones.
        """
        files = verified_weights(cache)
        self._tokenizer = str(files.tokenizer)
        graph = graph_file(files.weights, WEIGHTS_SHA256, cache)
        self._session = _session(graph)
        self._disk = EmbeddingCache(cache / f"{graph.stem}.embeddings.sqlite")
        self._memory: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], max_tokens: int, *, anew: bool = False) -> NDArray[np.float32]:
        """The embeddings, (texts, 1152), of the texts cut to `max_tokens` tokens (512 at most).

        Args:
            anew: without the caches, as texts are embedded that nobody has asked for before.
        """
        token_rows = token_ids(self._tokenizer, texts, min(max_tokens, MAX_TOKENS))
        keys = [_key(ids) for ids in token_rows]
        ids_by_key = dict(zip(keys, token_rows, strict=True))
        if anew:
            fresh = [self._run([entry])[0] for entry in ids_by_key.items()]
            rows = dict(zip(ids_by_key, fresh, strict=True))
            return np.array([rows[key] for key in keys], np.float32).reshape(len(keys), FEATURES)
        embeddings = self._from_memory(ids_by_key)
        missing = [key for key in ids_by_key if key not in embeddings]
        if missing:
            stored = self._disk.get(missing)
            embeddings.update(stored)
            embeddings.update(self._compute([(key, ids_by_key[key]) for key in missing if key not in stored]))
            self._remember({key: embeddings[key] for key in missing[-_MEMORY_ENTRIES:]})
        out = np.empty((len(keys), FEATURES), np.float32)
        for index, key in enumerate(keys):
            out[index] = np.frombuffer(embeddings[key], np.float16)
        return out

    def _from_memory(self, keys: dict[bytes, list[int]]) -> dict[bytes, bytes]:
        with self._lock:
            embeddings = {key: self._memory[key] for key in keys if key in self._memory}
            for key in embeddings:
                self._memory.move_to_end(key)
        return embeddings

    def _remember(self, entries: dict[bytes, bytes]) -> None:
        with self._lock:
            self._memory.update(entries)
            while len(self._memory) > _MEMORY_ENTRIES:
                self._memory.popitem(last=False)

    def _compute(self, entries: list[_Entry]) -> dict[bytes, bytes]:
        calls = _runtime_calls(entries)
        embeddings: dict[bytes, bytes] = {}
        unsaved: list[tuple[bytes, bytes]] = []
        with ThreadPoolExecutor(max_workers=min(len(calls), os.cpu_count() or 1) or 1) as pool:
            for call, vectors in zip(calls, pool.map(self._run, calls), strict=True):
                unsaved += [(key, vector.tobytes()) for (key, _), vector in zip(call, vectors, strict=True)]
                if len(unsaved) >= _WRITE_BATCH:
                    self._disk.put(unsaved)
                    embeddings.update(unsaved)
                    unsaved = []
        self._disk.put(unsaved)
        embeddings.update(unsaved)
        return embeddings

    def _run(self, call: list[_Entry]) -> NDArray[np.float16]:
        ids = np.array([row for _, row in call], np.int64)
        means = [state.mean(axis=1) for state in self._session.run(list(OUTPUTS), {"input_ids": ids})]
        units = [mean / np.linalg.norm(mean, axis=1, keepdims=True) for mean in means]
        return np.concatenate(units, axis=1).astype(np.float16)


def _runtime_calls(entries: list[_Entry]) -> list[list[_Entry]]:
    """The entries in groups of equal length, each small enough for one call."""
    calls = []
    for tokens, group in groupby(sorted(entries, key=lambda entry: len(entry[1])), lambda entry: len(entry[1])):
        equally_long = list(group)
        size = max(1, min(_MAX_TEXTS_PER_CALL, _MAX_TOKENS_PER_CALL // tokens))
        calls += [equally_long[start : start + size] for start in range(0, len(equally_long), size)]
    return calls


def _key(ids: list[int]) -> bytes:
    return hashlib.blake2b(np.array(ids, np.uint16).tobytes(), digest_size=16).digest()


def _session(graph: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Calls run side by side in threads of ours; threads inside each call would only compete with them.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
