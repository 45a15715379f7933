"""A language model on this machine's GPU: training and scoring against what the card multiplies, and many adapters.

    python -m benchmarks.gpu [SIZE] [ROWS] [TOKENS]

SIZE is of a random Llama: tiny, 0.1b or 1b. Printed are the rate of plain matrix products in the type that training
uses; tokens per second of a LoRA training on all layers and of scoring, each with its share of that rate; rows per
second with one adapter and with sixteen by turns; and peak memory. A training step takes 4 operations per parameter
and token (the frozen weights have no gradient of their own), a scored token 2. Without a GPU it runs on the CPU,
which proves that it runs. `python -m benchmarks.language_model_training` beside it compares with peft and trl on the
same machine.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from benchmarks.language_model_training import peak_gigabytes

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {},
    "0.1b": {"hidden_size": 768, "intermediate_size": 2048, "num_attention_heads": 12, "num_key_value_heads": 4},
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_attention_heads": 32, "num_key_value_heads": 8},
}
LAYERS = {"tiny": 3, "0.1b": 16, "1b": 16}
LABELS = ("refund", "card arrival", "greeting", "other")
ADAPTERS, RANK, BATCH = 16, 16, 16


def matmul_rate(size: int, repeats: int, dtype: Any, device: str) -> float:
    """Operations per second of square matrix products."""
    import torch

    left = torch.randn(size, size, dtype=dtype, device=device)
    right = torch.randn(size, size, dtype=dtype, device=device)
    left @ right
    started = _now()
    for _ in range(repeats):
        left @ right
    return 2 * size**3 * repeats / (_now() - started)


def _now() -> float:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def measure(size: str, rows: int, tokens: int) -> dict[str, float]:
    """The figures of one size, each text with about so many tokens."""
    import torch

    from fw_assets.embedded.engine.language_model.adapter_files import save_adapter
    from fw_assets.embedded.engine.language_model.language_model import device, load, trains_in_bf16
    from fw_assets.embedded.engine.language_model.model_folders import describe
    from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer
    from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
    from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
    from fw_assets.embedded.engine.language_model.tuning.adapter_training import fit_adapter
    from fw_assets.embedded.engine.training import drain
    from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
    from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation, make_folder

    with tempfile.TemporaryDirectory() as home:
        folder = describe(
            "random",
            make_folder(
                "llama", Path(home) / "random", layers=LAYERS[size], max_position_embeddings=4096, **SIZES[size]
            ),
            "random",
        )
        prompts = load(folder).prompts
        given = []
        for row in range(rows):
            text = conversation(f"{row} " + "where is my card " * (tokens // 4))
            given.append(TrainingRow(text, (LABELS[row % 4],), tokens=1, answer=LABELS[row % 4]))
        read = sum(len(prompts.encode(row.text, 4096)) for row in given)
        job = AdapterJob(
            TrainingSpec("random", RANK, 1e-4, 1, BATCH, 4096),
            given,
            [],
            False,
            {},
            form=AdapterForm(0, True, "generate", recomputes=device() != "cpu"),
        )
        kind = torch.bfloat16 if trains_in_bf16() else torch.float32
        rate = matmul_rate(4096 if device() != "cpu" else 512, 20, kind, device())
        started = _now()
        tuned = drain(fit_adapter(job, folder, Path(home) / "cache"), lambda _: None)
        training = _now() - started
        for index in range(ADAPTERS):
            save_adapter(tuned, Path(home) / str(index))
        scorers = [load_tuned_scorer(Path(home) / str(index), folder) for index in range(ADAPTERS)]
        texts = [row.text for row in given]
        started = _now()
        scorers[0].log_probabilities(texts, None)
        scoring = _now() - started
        started = _now()
        for index, scorer in enumerate(scorers):
            scorer.log_probabilities(texts[index::ADAPTERS] or texts[:1], None)
        by_turns = _now() - started
        return {
            "parameters": folder.parameters,
            "TFLOP/s of matrix products": rate / 1e12,
            "training, tokens per second": read / training,
            "training, share of the card": 4 * folder.parameters * read / training / rate,
            "scoring, tokens per second": read / scoring,
            "scoring, share of the card": 2 * folder.parameters * read / scoring / rate,
            "rows per second, one adapter": rows / scoring,
            f"rows per second, {ADAPTERS} adapters": rows / by_turns,
            "peak memory, GB": peak_gigabytes(),
        }


def main() -> None:
    import torch

    size, rows, tokens = positional(__doc__, size="tiny", rows=32, tokens=128)
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: the CPU"
    print(f"{card}, {size}, {rows} rows\n")
    for name, value in measure(size, rows, tokens).items():
        print(f"{name}: {value:,.4g}")
    print(json.dumps({"torch": torch.__version__, "card": card}))


if __name__ == "__main__":
    main()
