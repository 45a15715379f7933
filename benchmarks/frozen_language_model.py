"""SmolLM2 as a frozen feature extractor, beside `minilm-ngram`: accuracy and CPU seconds.

    python -m benchmarks.frozen_language_model FOLDER [ROWS] [TEST_ROWS]

The folder has `train.jsonl` and `test.jsonl`. Of each text the states of three layers (a third, two thirds, the last),
averaged over its tokens and scaled to length 1, are the features of the platform's own low-rank update, in place of the
sentence embeddings of MiniLM; each model is trained with the first cell of its grid on the same rows, and asked for the
same test rows. Reading is by torch in float32 on one thread. Needs the extra `llm` and `fw-assets setup llm`.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.embedded.engine import registry
from fw_assets.embedded.engine.features.minilm_encoder import MinilmTextEncoder
from fw_assets.embedded.engine.scorers import load_tuned
from fw_assets.embedded.engine.training import train
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

F32 = NDArray[np.float32]
FROZEN, PEER = "frozen-smollm2", "minilm-ngram"
PARTS = 3
ROWS_PER_PASS = 16
VALIDATION = 0.1


class FrozenStates(MinilmTextEncoder):
    """States of three layers, (texts, 3 x width); the base knows nothing of the labels."""

    name = "frozen"

    def __init__(self, cache: Path) -> None:
        from fw_assets.embedded.engine.language_model.language_model import load

        folder = registry.find_base_model(registry.SMOLLM2).language_model
        assert folder is not None, registry.SETUP_ADVICE
        self._model = load(folder)
        self._known: dict[str, F32] = {}

    def encode(self, texts: Sequence[str], max_tokens: int) -> F32:
        missing = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(missing), ROWS_PER_PASS):
            batch = missing[start : start + ROWS_PER_PASS]
            self._known.update(zip(batch, self._read(batch, max_tokens), strict=True))
        return np.stack([self._known[text] for text in texts])

    def base_logits(self, encoded: F32, labels: Sequence[str]) -> F32:
        return np.zeros((len(encoded), len(labels)), np.float32)

    def _read(self, texts: Sequence[str], max_tokens: int) -> list[F32]:
        import torch

        from fw_assets.embedded.engine.language_model.language_model import NO_PREFIX

        pretrained = self._model.pretrained
        rows = [(pretrained.tokenizer(text)["input_ids"] or [0])[:max_tokens] for text in texts]
        is_real = torch.arange(max(map(len, rows)))[None] < torch.tensor([[len(row)] for row in rows])
        bounds = [round(part * pretrained.layer_count / PARTS) for part in range(PARTS + 1)]
        states, units = None, []
        with torch.no_grad():
            for lower, upper in pairwise(bounds):
                states = self._model.states(rows, NO_PREFIX, part=pretrained.part(lower, upper), below=states)
                mean = (states * is_real[..., None]).sum(dim=1) / is_real.sum(dim=1, keepdim=True)
                units.append(mean / mean.norm(dim=1, keepdim=True))
        return list(torch.cat(units, dim=1).numpy().astype(np.float32))


def read_rows(path: Path, read: Callable[[list[dict[str, Any]]], str]) -> tuple[list[TrainingRow], bool]:
    """Rows, and whether they are sets of labels; `read` makes the text of their messages."""
    rows, multi_label = [], False
    for line in path.read_text("utf-8").splitlines():
        document: dict[str, Any] = json.loads(line)
        truth = document.get("ground_truth")
        multi_label |= isinstance(truth, list)
        labels = tuple(truth) if isinstance(truth, list) else (document["messages"][-1]["content"],)
        rows.append(TrainingRow(read(document["messages"]), labels, tokens=1))
    return rows, multi_label


def measure(model: str, folder: Path, count: int, tested: int) -> tuple[list[bool], float]:
    """Which test rows are answered exactly, and the CPU seconds of training and asking."""
    read = registry.base_models()[model].read
    rows, multi_label = read_rows(folder / "train.jsonl", read)
    tests, _ = read_rows(folder / "test.jsonl", read)
    random.Random(0).shuffle(rows)
    random.Random(0).shuffle(tests)
    rows, tests = rows[:count], tests[:tested]
    held_out = int(len(rows) * VALIDATION)
    base = registry.base_models()[model]
    rank, rate, epochs = base.grid[0]
    spec = TrainingSpec(model, rank, rate, epochs or 3, base.batch_size)
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        out, cache = Path(scratch, "model"), Path(scratch, "cache")
        out.mkdir()
        cache.mkdir()
        train(spec, rows[held_out:], rows[:held_out], out, cache, multi_label, lambda _: None)
        answers = load_tuned(out, cache).predict_sets([row.text for row in tests], None)
    right = [set(answer) == set(row.labels) for answer, row in zip(answers, tests, strict=True)]
    return right, time.process_time() - begun


def main() -> int:
    folder, count, tested = positional(__doc__, folder=Path, rows=3000, test_rows=1000)
    like = registry.ENCODER_MODELS["minilm-l6-v2"]
    registry.ENCODER_MODELS[FROZEN] = replace(like, id=FROZEN, encoders=(FrozenStates,))
    peer, peer_seconds = measure(PEER, folder, count, tested)
    frozen, seconds = measure(FROZEN, folder, count, tested)
    pairs = list(zip(frozen, peer, strict=True))
    print(f"{folder.name}: {len(peer)} test rows; {FROZEN} {np.mean(frozen):.1%}, {PEER} {np.mean(peer):.1%}")
    print(f"  right alone: {sum(a > b for a, b in pairs)} against {sum(a < b for a, b in pairs)}")
    print(f"  CPU seconds: {seconds:.1f} against {peer_seconds:.1f}, {seconds / peer_seconds:.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
