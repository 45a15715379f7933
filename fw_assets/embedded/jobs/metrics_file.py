"""The metrics file of a fine-tuning job: one JSON object a line, with the fields of the service's trainer.

Its records, of each step and after each epoch of an evaluation, name the step: neither an epoch nor an accuracy. Where
a language model chooses its readout, the loss of each is there too (`eval/head_loss`, `eval/generate_loss`). Times are
left out, so that a job that runs again writes the same file.
"""

from __future__ import annotations

import math

import msgspec

from fw_assets.embedded.engine.training import TrainingRecord
from fw_assets.embedded.engine.training_run import Evaluation

FILE = "metrics.jsonl"
_MAX_LOSS = 700.0
"""Its exponential is still a float."""


def metrics_line(record: TrainingRecord) -> bytes:
    """The line of a record; a figure that is not finite is null."""
    perplexity = math.exp(min(record.loss, _MAX_LOSS))
    if isinstance(record, Evaluation):
        fields = {"step": record.number, "eval/loss": record.loss, "eval/ppl": perplexity}
        fields |= {f"eval/{readout}_loss": loss for readout, loss in record.readout_losses.items()}
    else:
        fields = {
            "step": record.number,
            "train/total_tokens": record.tokens,
            "train/step": record.number,
            "train/ce_loss": record.loss,
            "train/loss": record.loss,
            "train/ppl": perplexity,
            "train/lr": record.rate,
        }
    return msgspec.json.encode(fields) + b"\n"
