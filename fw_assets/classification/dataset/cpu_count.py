"""Processor cores that this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores in this process's affinity mask, which containers and batch systems restrict; at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
