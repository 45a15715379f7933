"""Imported by fork servers and by nothing else: makes the process end without Python's teardown.

Taking apart everything that was preloaded takes over a second, for which a reader of the command's output would wait:
the fork server holds the same standard output.
"""

from __future__ import annotations

import atexit
import os

atexit.register(os._exit, 0)
