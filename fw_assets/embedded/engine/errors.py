"""Errors of the engine; each message says what it got and what it needs."""

from __future__ import annotations


class EngineError(ValueError):
    """Rows, hyper-parameters, labels or a stored model that the engine cannot work with."""


class Diverged(EngineError):
    """A training whose loss or gradient is no number any more."""


class DamagedModel(EngineError):
    """A tuned model whose files are missing, or not what was written."""


class WeightsError(RuntimeError):
    """Pretrained weights that are missing or are not the published ones."""


class DeviceBusy(RuntimeError):
    """A device that others computed on for longer than a request waits."""
