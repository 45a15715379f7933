"""Measurement of the device that language models compute on, as a program of its own, which writes it as JSON.

python -m fw_assets.embedded.engine.language_model.device.measurement FILE
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path

import torch

from fw_assets.embedded.engine.language_model.language_model import device, trains_in_bf16

_SECONDS = 0.5
_SHAPES = {"cpu": (512, 1024, 1024), "cuda": (8192, 4096, 4096)}
"""Rows, inputs and outputs of the product: a batch of a few hundred tokens on a CPU, of some thousand elsewhere."""


def main(path: Path) -> None:
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        # One at a time: two that measure at once find half of the rate each.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        training = torch.bfloat16 if trains_in_bf16() else torch.float32
        rates = {"scoring": _operations_per_second(torch.float32), "training": _operations_per_second(training)}
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        temporary.write_text(json.dumps({"device": device(), **rates}), "utf-8")
        temporary.replace(path)


def _operations_per_second(dtype: torch.dtype) -> float:
    """Multiplications and additions in a second of matrix products, other programs' share of the time left to them."""
    rows, inputs, outputs = _SHAPES[device()]
    left = torch.randn(rows, inputs, device=device()).to(dtype)
    right = torch.randn(outputs, inputs, device=device()).to(dtype)
    _multiply(left, right)
    started, products = time.monotonic(), 0
    while (seconds := time.monotonic() - started) < _SECONDS or not products:
        _multiply(left, right)
        products += 1
    return 2 * rows * inputs * outputs * products / seconds


def _multiply(left: torch.Tensor, right: torch.Tensor) -> None:
    torch.nn.functional.linear(left, right)
    if left.is_cuda:
        torch.cuda.synchronize()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
