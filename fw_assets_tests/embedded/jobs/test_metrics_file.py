from __future__ import annotations

import json
import math

import pytest

from fw_assets.embedded.engine.training_run import Evaluation, TrainingStep
from fw_assets.embedded.jobs.metrics_file import metrics_line


def test_lines_have_the_fields_of_the_services_trainer() -> None:
    step = json.loads(metrics_line(TrainingStep(3, 0.75, math.log(2), 0.01, 400, False)))
    assert step.pop("train/ppl") == pytest.approx(2)
    loss = {"train/ce_loss": math.log(2), "train/loss": math.log(2)}
    assert step == {"step": 3, "train/step": 3, "train/lr": 0.01, "train/total_tokens": 400, **loss}
    assert json.loads(metrics_line(Evaluation(4, 1.0, 0.0, 0.9))) == {"step": 4, "eval/loss": 0.0, "eval/ppl": 1.0}


def test_the_loss_of_each_readout_is_told() -> None:
    line = json.loads(metrics_line(Evaluation(4, 1.0, 0.0, 0.9, {"head": 0.0, "generate": 0.5})))
    assert line["eval/head_loss"] == 0.0
    assert line["eval/generate_loss"] == 0.5


def test_figures_that_are_not_finite_are_null() -> None:
    assert json.loads(metrics_line(Evaluation(4, 1.0, math.nan, 0.9)))["eval/loss"] is None
    assert json.loads(metrics_line(Evaluation(4, 1.0, math.inf, 0.9)))["eval/loss"] is None
    assert math.isfinite(json.loads(metrics_line(Evaluation(4, 1.0, 1e6, 0.9)))["eval/ppl"])
