"""Fine-tuning of a language model, beside peft with transformers' Trainer and beside trl's SFTTrainer.

    python -m benchmarks.language_model_training [MODEL] [ROWS] [EPOCHS] [ROUNDS]

All train on the same tokens of the example: rank 16 on the seven linear layers of a block, batches of 16, a linear
rate, the loss on the answer alone, one thread, in bfloat16 where this machine has it. They take turns, each in a
process of its own, and print steps per CPU second and peak memory, and the ratios to ours. `ours` is the default form
of the platform; `ours, portable` adapts as little but reads the instructions with the adapter; `ours, whole` adapts
every layer, as the other two do. On a GPU seconds are wall seconds. A package that is not installed is named and left
out.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder

EXAMPLE = Path(__file__).parents[1] / "examples" / "support-intents.jsonl"
RANK, BATCH, RATE = 16, 16, 1e-3
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
NEEDS = {"peft + Trainer": ("peft", "accelerate"), "trl": ("peft", "trl", "datasets")}


def rows(count: int) -> list[tuple[str, str]]:
    """(conversation, label) of the example's first rows, with the labels named in the instructions."""
    found = []
    for line in EXAMPLE.read_text("utf-8").splitlines()[:count]:
        *turns, answer = json.loads(line)["messages"]
        found.append((turns[-1]["content"], answer["content"]))
    labels = ", ".join(sorted({label for _, label in found}))
    system = f"Answer with exactly one of these labels and nothing else: {labels}."
    return [(json.dumps([["system", system], ["user", text]]), label) for text, label in found]


def ours(model: str, count: int, epochs: int, form: str) -> float:
    from fw_assets.embedded.engine.language_model.language_model import load
    from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
    from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
    from fw_assets.embedded.engine.language_model.tuning.adapter_training import fit_adapter
    from fw_assets.embedded.engine.registry import find_base_model
    from fw_assets.embedded.engine.training_run import TrainingStep
    from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

    folder = find_base_model(model).language_model
    assert folder is not None, f"{model} is not on this machine"
    layers = load(folder).pretrained.layer_count
    chosen = {
        "default": None,
        "portable": AdapterForm(layers - math.ceil(layers / 3), True, "generate"),
        "whole": AdapterForm(0, True, "generate"),
    }[form]
    spec = TrainingSpec(model, RANK, RATE, epochs, BATCH, 2048)
    given = [TrainingRow(text, (label,), tokens=1, answer=label) for text, label in rows(count)]
    job = AdapterJob(spec, given, [], False, {}, form=chosen)
    before, loss = cpu_seconds(), 0.0
    with tempfile.TemporaryDirectory() as cache:
        for record in fit_adapter(job, folder, Path(cache)):
            if isinstance(record, TrainingStep):
                loss = record.loss
    print(f"last loss {loss:.3f}", file=sys.stderr)
    return cpu_seconds() - before


def others(model: str, count: int, epochs: int, name: str) -> float:
    from fw_assets.embedded.engine.registry import find_base_model

    folder = find_base_model(model).language_model
    assert folder is not None, f"{model} is not on this machine"
    return train_elsewhere(folder, rows(count), epochs, name)


def train_elsewhere(folder: LanguageModelFolder, given: list[tuple[str, str]], epochs: int, name: str) -> float:
    """Seconds, as of `cpu_seconds`, of a training on (conversation, label) by `peft + Trainer` or `trl`."""
    import peft
    import torch
    import transformers

    from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt
    from fw_assets.embedded.engine.language_model.language_model import device, trains_in_bf16

    bf16 = trains_in_bf16()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder.folder)
    network = transformers.AutoModelForCausalLM.from_pretrained(
        folder.folder, dtype=torch.bfloat16 if bf16 else torch.float32
    )
    prompts = ChatPrompt(tokenizer, folder.context_length)
    data = []
    for text, label in given:
        prompt, answer = prompts.encode(text, 2048), prompts.encode_answer(label)
        before = [*prompt.prefix, *prompt.row]
        data.append({"input_ids": [*before, *answer], "labels": [-100] * len(before) + list(answer)})
    lora = peft.LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=LAYERS, task_type="CAUSAL_LM")
    with tempfile.TemporaryDirectory() as folder_out:
        common: dict[str, Any] = {
            "output_dir": folder_out,
            "per_device_train_batch_size": BATCH,
            "num_train_epochs": epochs,
            "learning_rate": RATE,
            "lr_scheduler_type": "linear",
            "use_cpu": device() == "cpu",
            "bf16": bf16,
            "report_to": [],
            "save_strategy": "no",
            "logging_strategy": "no",
            "disable_tqdm": True,
            "dataloader_pin_memory": False,
        }
        trainer = _trl(network, lora, data, common) if name == "trl" else _trainer(network, lora, data, common)
        trainer.remove_callback(transformers.PrinterCallback)
        before_cpu = cpu_seconds()
        done = trainer.train()
        print(f"mean loss {done.training_loss:.3f}", file=sys.stderr)
        return cpu_seconds() - before_cpu


def _trainer(network: Any, lora: Any, data: list[dict[str, Any]], common: dict[str, Any]) -> Any:
    import peft
    import torch
    import transformers

    def collate(batch: list[dict[str, Any]]) -> dict[str, Any]:
        longest = max(len(row["input_ids"]) for row in batch)
        padded: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
        for row in batch:
            ids, gap = row["input_ids"], longest - len(row["input_ids"])
            padded["input_ids"].append([*ids, *[0] * gap])
            padded["attention_mask"].append([1] * len(ids) + [0] * gap)
            padded["labels"].append([*row["labels"], *[-100] * gap])
        return {key: torch.tensor(value) for key, value in padded.items()}

    arguments = transformers.TrainingArguments(**common, remove_unused_columns=False)
    model = peft.get_peft_model(network, lora)
    return transformers.Trainer(model=model, args=arguments, train_dataset=data, data_collator=collate)


def _trl(network: Any, lora: Any, data: list[dict[str, Any]], common: dict[str, Any]) -> Any:
    import datasets
    import pyarrow
    import trl

    skip = {"skip_prepare_dataset": True}  # the rows are tokens already
    arguments = trl.SFTConfig(**common, completion_only_loss=True, max_length=None, dataset_kwargs=skip)
    rows_of = datasets.Dataset(pyarrow.Table.from_pylist(data), fingerprint="rows")
    return trl.SFTTrainer(model=network, args=arguments, train_dataset=rows_of, peft_config=lora)


CONTENDERS: dict[str, Callable[[str, int, int], float]] = {
    "ours": partial(ours, form="default"),
    "ours, portable": partial(ours, form="portable"),
    "ours, whole": partial(ours, form="whole"),
    "peft + Trainer": partial(others, name="peft + Trainer"),
    "trl": partial(others, name="trl"),
}


def cpu_seconds() -> float:
    """Of this process; where a GPU works for it, seconds."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_gigabytes() -> float:
    from fw_assets.embedded.engine.language_model.memory import peak_bytes

    return peak_bytes() / 1024**3


def measure(name: str, model: str, count: int, epochs: int) -> None:
    """One contender, in this process."""
    seconds = CONTENDERS[name](model, count, epochs)
    print(json.dumps({"seconds": seconds, "gigabytes": peak_gigabytes()}))


def main() -> None:
    model, count, epochs, rounds = positional(__doc__, model="smollm2-135m", rows=160, epochs=1, rounds=2)
    names = []
    for name in CONTENDERS:
        missing = [package for package in NEEDS.get(name, ()) if importlib.util.find_spec(package) is None]
        if missing:
            print(f"{name}: left out, {', '.join(missing)} not installed")
        else:
            names.append(name)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
    }
    for _ in range(rounds):
        for name in names:
            given = f"{name!r}, {model!r}, {count}, {epochs}"
            code = f"from benchmarks.language_model_training import measure; measure({given})"
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(f"{name}: {done.stderr[-2000:]}")
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"  {name}: {found[name][-1]['seconds']:.1f} CPU s, {done.stderr.strip().splitlines()[-1]}")
    steps = epochs * math.ceil(count / BATCH)
    print(f"\n{model}, {count} rows, {epochs} epochs, {steps} steps of {BATCH} rows, load {os.getloadavg()[0]:.1f}\n")
    print("| | steps per CPU s | peak memory | CPU s / ours | memory / ours |\n|---|---|---|---|---|")
    first = {key: statistics.median(item[key] for item in found["ours"]) for key in ("seconds", "gigabytes")}
    for name, measured in found.items():
        seconds = statistics.median(item["seconds"] for item in measured)
        gigabytes = statistics.median(item["gigabytes"] for item in measured)
        print(
            f"| {name} | {steps / seconds:.3f} | {gigabytes:.2f} GB | {seconds / first['seconds']:.2f} | "
            f"{gigabytes / first['gigabytes']:.2f} |"
        )


if __name__ == "__main__":
    main()
