"""Exit codes of `fw-assets`. Which error ends with which code: `pipeline.failures.exit_code_of`."""

from __future__ import annotations

DONE = 0
FAILED = 1
BAD_INPUT = 2
WAITING = 3
"""A plan waits for approval."""
INCOMPLETE = 4
"""Stopped by the ceiling, or by a platform that did not answer."""
INTERRUPTED = 130
