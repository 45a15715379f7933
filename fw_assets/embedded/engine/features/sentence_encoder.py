"""Sentence embeddings of all-MiniLM-L6-v2."""

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
_TEXTS_A_CALL = 4
_TOKENS_A_CALL = 256
_KEPT_IN_MEMORY = 8192
_WRITE_BATCH = 1024


class Encoder:
    """Turns texts into 1,152 numbers: the mean over tokens of each of the last three layers, length 1 each.

    The last third is the sentence embedding that all-MiniLM-L6-v2 was trained for; the other two carry
    wording that it smooths over. Values are rounded to float16, so that cached and fresh embeddings are the
    same bits. Texts of one call to the runtime have equally many tokens and are independent of each other.
    """

    def __init__(self, cache: Path) -> None:
        """Loads the weights; raises `WeightsError` when they are missing or not the published ones."""
        files = verified_weights(cache)
        self._tokenizer = str(files.tokenizer)
        graph = graph_file(files.weights, WEIGHTS_SHA256, cache)
        self._session = _session(graph)
        self._disk = EmbeddingCache(cache / f"{graph.stem}.embeddings.sqlite")
        self._memory: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], max_tokens: int) -> NDArray[np.float32]:
        """The embeddings, (texts, 1152), of the texts cut to `max_tokens` tokens (512 at most)."""
        rows = token_ids(self._tokenizer, texts, min(max_tokens, MAX_TOKENS))
        keys = [_key(ids) for ids in rows]
        wanted = dict(zip(keys, rows, strict=True))
        known = self._remembered(wanted)
        missing = [key for key in wanted if key not in known]
        if missing:
            found = self._disk.get(missing)
            known.update(found)
            fresh = [(key, wanted[key]) for key in missing if key not in found]
            known.update(self._compute(fresh))
            self._remember({key: known[key] for key in missing[-_KEPT_IN_MEMORY:]})
        out = np.empty((len(keys), FEATURES), np.float32)
        for place, key in enumerate(keys):
            out[place] = np.frombuffer(known[key], np.float16)
        return out

    def _remembered(self, keys: dict[bytes, list[int]]) -> dict[bytes, bytes]:
        with self._lock:
            found = {key: self._memory[key] for key in keys if key in self._memory}
            for key in found:
                self._memory.move_to_end(key)
        return found

    def _remember(self, entries: dict[bytes, bytes]) -> None:
        with self._lock:
            self._memory.update(entries)
            while len(self._memory) > _KEPT_IN_MEMORY:
                self._memory.popitem(last=False)

    def _compute(self, entries: list[tuple[bytes, list[int]]]) -> dict[bytes, bytes]:
        calls = _calls(entries)
        found: dict[bytes, bytes] = {}
        unsaved: list[tuple[bytes, bytes]] = []
        with ThreadPoolExecutor(max_workers=min(len(calls), os.cpu_count() or 1) or 1) as pool:
            for call, vectors in zip(calls, pool.map(self._run, calls), strict=True):
                unsaved += [(key, vector.tobytes()) for (key, _), vector in zip(call, vectors, strict=True)]
                if len(unsaved) >= _WRITE_BATCH:
                    self._disk.put(unsaved)
                    found.update(unsaved)
                    unsaved = []
        self._disk.put(unsaved)
        found.update(unsaved)
        return found

    def _run(self, call: list[tuple[bytes, list[int]]]) -> NDArray[np.float16]:
        ids = np.array([row for _, row in call], np.int64)
        means = [state.mean(axis=1) for state in self._session.run(list(OUTPUTS), {"input_ids": ids})]
        units = [mean / np.linalg.norm(mean, axis=1, keepdims=True) for mean in means]
        return np.concatenate(units, axis=1).astype(np.float16)


def _calls(entries: list[tuple[bytes, list[int]]]) -> list[list[tuple[bytes, list[int]]]]:
    calls = []
    for tokens, group in groupby(sorted(entries, key=lambda entry: len(entry[1])), lambda entry: len(entry[1])):
        same = list(group)
        size = max(1, min(_TEXTS_A_CALL, _TOKENS_A_CALL // tokens))
        calls += [same[start : start + size] for start in range(0, len(same), size)]
    return calls


def _key(ids: list[int]) -> bytes:
    return hashlib.blake2b(np.array(ids, np.uint16).tobytes(), digest_size=16).digest()


def _session(graph: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
