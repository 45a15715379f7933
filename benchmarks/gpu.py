"""Language models on this machine's GPU: training and scoring against what the card multiplies, and beside peft.

    python -m benchmarks.gpu [SIZE] [ROWS] [TOKENS] [DATASET] [MODEL] [EPOCHS]

SIZE is of a random Llama: tiny, 0.1b or 1b; its texts have about TOKENS tokens. One call measures everything, and
prints each part as a line of JSON as soon as it is known, so that a call that is cut short leaves what it had:

- the rate of plain matrix products in the type that training uses;
- tokens per second of a LoRA training on all layers, and its share of that rate;
- the same of peft with transformers' Trainer on the same rows, and the ratio;
- tokens per second of scoring, and rows per second with one adapter and with sixteen, by turns and in mixed batches;
- where DATASET is given, a folder with `train.jsonl` and `test.jsonl`: the accuracy of MODEL there, LoRA on all layers,
  after each epoch.

Each part has its peak memory. A training step takes 4 operations per parameter and token (the frozen weights have no
gradient of their own), a scored token 2. The first steps are not counted. A part that fails says why, and the others
go on. Without a GPU it runs on the CPU, which proves that it runs.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from benchmarks.frozen_language_model import read_rows
from benchmarks.language_model_training import peak_gigabytes, train_elsewhere
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, describe
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training_run import Evaluation
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {},
    "0.1b": {"hidden_size": 768, "intermediate_size": 2048, "num_attention_heads": 12, "num_key_value_heads": 4},
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_attention_heads": 32, "num_key_value_heads": 8},
}
LAYERS = {"tiny": 3, "0.1b": 16, "1b": 16}
LABELS = ("refund", "card arrival", "greeting", "other")
ADAPTERS, RANK, BATCH, RATE = 16, 16, 16, 1e-4
DATASET_BATCH, DATASET_RATE = 32, 1e-3
HELD_OUT = 0.1
CONTEXT = 4096

Figures = dict[str, float]
Tell = Callable[[dict[str, Any]], None]
"""Is called with each part as it is known: its name and its figures, or why there are none."""


@dataclass(frozen=True)
class Setting:
    """A random model of one size, its rows, and the card's rate in operations per second."""

    folder: LanguageModelFolder
    rows: list[TrainingRow]
    tokens: int
    home: Path
    rate: float


def matmul_rate() -> float:
    """Operations per second of square matrix products in the type that training uses."""
    import torch

    from fw_assets.embedded.engine.language_model.language_model import device, trains_in_bf16

    size = 8192 if device() != "cpu" else 512
    kind = torch.bfloat16 if trains_in_bf16() else torch.float32
    left, right = (torch.randn(size, size, dtype=kind, device=device()) for _ in range(2))
    for _ in range(3):
        left @ right
    repeats, started = 20, now()
    for _ in range(repeats):
        left @ right
    return float(2 * size**3 * repeats / (now() - started))


def now() -> float:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def make_setting(size: str, rows: int, tokens: int, home: Path, rate: float) -> Setting:
    from fw_assets.embedded.engine.language_model.language_model import load
    from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation, make_folder

    files = make_folder("llama", home / "random", layers=LAYERS[size], max_position_embeddings=CONTEXT, **SIZES[size])
    folder = describe("random", files, "random")
    given = []
    for row in range(rows):
        text = conversation(f"{row} " + "where is my card " * (tokens // 4))
        given.append(TrainingRow(text, (LABELS[row % 4],), tokens=1, answer=LABELS[row % 4]))
    prompts = load(folder).prompts
    return Setting(folder, given, sum(len(prompts.encode(row.text, CONTEXT)) for row in given), home, rate)


def fit(folder: LanguageModelFolder, spec: TrainingSpec, rows: list[TrainingRow], cache: Path, **job: Any) -> Any:
    """The adapter of all layers."""
    from fw_assets.embedded.engine.language_model.language_model import device
    from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
    from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
    from fw_assets.embedded.engine.language_model.tuning.adapter_training import fit_adapter
    from fw_assets.embedded.engine.training import drain

    form = AdapterForm(0, True, job.pop("readout", "generate"), recomputes=device() != "cpu")
    tell = job.pop("tell", lambda _: None)
    given = {"evaluation": [], "multi_label": False, "notes": {}, "form": form, **job}
    return drain(fit_adapter(AdapterJob(spec=spec, rows=rows, **given), folder, cache), tell)


def training(setting: Setting) -> Figures:
    spec = TrainingSpec("random", RANK, RATE, 1, BATCH, CONTEXT)
    run = partial(fit, setting.folder, spec, cache=setting.home / "cache")
    run(setting.rows[:BATCH])
    started = now()
    tuned = run(setting.rows)
    rate = setting.tokens / (now() - started)
    from fw_assets.embedded.engine.language_model.adapter_files import save_adapter

    for index in range(ADAPTERS):
        save_adapter(tuned, setting.home / str(index))
    return {"tokens per second": rate, "share of the card": 4 * setting.folder.parameters * rate / setting.rate}


def training_elsewhere(setting: Setting) -> Figures:
    """The same rows, rank, batches and layers by peft and transformers' Trainer."""
    given = [(row.text, row.answer) for row in setting.rows]
    train_elsewhere(setting.folder, given[:BATCH], 1, "peft + Trainer")
    rate = setting.tokens / train_elsewhere(setting.folder, given, 1, "peft + Trainer")
    return {"tokens per second": rate, "share of the card": 4 * setting.folder.parameters * rate / setting.rate}


def scoring(setting: Setting) -> Figures:
    from fw_assets.embedded.engine.language_model.mixed.scoring import ScoreQuestion, score_together
    from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer

    scorers = [load_tuned_scorer(setting.home / str(index), setting.folder) for index in range(ADAPTERS)]
    texts = [row.text for row in setting.rows]
    parts = [texts[index::ADAPTERS] or texts[:1] for index in range(ADAPTERS)]
    scorers[0].log_probabilities(texts[:BATCH], None)
    started = now()
    scorers[0].log_probabilities(texts, None)
    one = now() - started
    started = now()
    for scorer, part in zip(scorers, parts, strict=True):
        scorer.log_probabilities(part, None)
    by_turns = now() - started
    questions = [ScoreQuestion(scorer, tuple(part), None) for scorer, part in zip(scorers, parts, strict=True)]
    started = now()
    score_together(questions)
    mixed = now() - started
    asked = sum(map(len, parts))
    return {
        "tokens per second": setting.tokens / one,
        "share of the card": 2 * setting.folder.parameters * setting.tokens / one / setting.rate,
        "rows per second, one adapter": len(texts) / one,
        f"rows per second, {ADAPTERS} adapters by turns": asked / by_turns,
        f"rows per second, {ADAPTERS} adapters mixed": asked / mixed,
    }


def accuracy(dataset: Path, folder: LanguageModelFolder, epochs: int, home: Path, tell: Tell) -> Figures:
    """Of a head over LoRA on all layers, on the test rows; after each epoch that on a tenth of the training rows."""
    from fw_assets.embedded.engine.language_model.adapter_files import save_adapter
    from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer
    from fw_assets.embedded.engine.turns import write_conversation

    def read(name: str) -> list[TrainingRow]:
        rows, multi_label = read_rows(dataset / name, write_conversation)
        if multi_label:
            raise ValueError(f"{dataset / name}: rows with several labels; give a dataset with one label a row")
        return rows

    rows, tests = read("train.jsonl"), read("test.jsonl")
    random.Random(0).shuffle(rows)
    held_out = max(1, int(len(rows) * HELD_OUT))
    started = now()

    def evaluated(record: object) -> None:
        if isinstance(record, Evaluation):
            figures = {"epoch": record.epoch, "loss": record.loss, "accuracy": record.accuracy}
            tell({"part": "epoch", **figures, "seconds": now() - started})

    spec = TrainingSpec("model", RANK, DATASET_RATE, epochs, DATASET_BATCH, CONTEXT)
    tuned = fit(
        folder, spec, rows[held_out:], home / "cache", evaluation=rows[:held_out], readout="head", tell=evaluated
    )
    seconds = now() - started
    save_adapter(tuned, home / "tuned")
    scorer = load_tuned_scorer(home / "tuned", folder)
    labels = scorer.labels or ()
    started = now()
    found = scorer.log_probabilities([row.text for row in tests], None).argmax(axis=1)
    right = sum(labels[int(index)] == row.labels[0] for index, row in zip(found, tests, strict=True))
    return {
        "test rows": len(tests),
        "accuracy": right / len(tests),
        "training, seconds": seconds,
        "test rows per second": len(tests) / (now() - started),
    }


def measure(
    tell: Tell, size: str, rows: int, tokens: int, dataset: Path | None = None, model: str = "", epochs: int = 1
) -> bool:
    """Whether every part could be measured."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: the CPU"
    tell({"part": "machine", "card": card, "torch": torch.__version__, "size": size, "rows": rows})
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        rate = matmul_rate()
        tell({"part": "matrix products", "TFLOP/s": rate / 1e12})
        setting = make_setting(size, rows, tokens, home, rate)
        tell({"part": "model", "parameters": setting.folder.parameters, "tokens": setting.tokens})
        parts: dict[str, Callable[[], Figures]] = {
            "training": lambda: training(setting),
            "peft + Trainer": lambda: training_elsewhere(setting),
            "scoring": lambda: scoring(setting),
        }
        if dataset is not None:
            folder = find_base_model(model).language_model
            if folder is None:
                raise SystemExit(f"{model} is no language model of this machine: `fw-assets models add` adds one")
            parts[dataset.name] = partial(accuracy, dataset, folder, epochs, home, tell)
        done = [_measure_part(tell, name, run) for name, run in parts.items()]
    return all(done)


def _measure_part(tell: Tell, name: str, run: Callable[[], Figures]) -> bool:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        figures = run()
    except Exception as error:  # noqa: BLE001 - a part that fails takes no other along
        tell({"part": name, "error": f"{type(error).__name__}: {error}"})
        return False
    tell({"part": name, **figures, "peak memory, GB": peak_gigabytes()})
    return True


def main() -> int:
    size, rows, tokens, dataset, model, epochs = positional(
        __doc__, size="tiny", rows=32, tokens=128, dataset="", model="smollm2-135m", epochs=4
    )

    def tell(part: dict[str, Any]) -> None:
        print(json.dumps(part), flush=True)

    return int(not measure(tell, size, rows, tokens, Path(dataset) if dataset else None, model, epochs))


if __name__ == "__main__":
    sys.exit(main())
