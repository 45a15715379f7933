"""Imported by fork servers and by nothing else, as the last: makes the process end without Python's teardown.

Taking apart everything that was preloaded takes over a second, for which a reader of the command's output would wait:
the fork server holds the same standard output.
"""

from __future__ import annotations

import atexit
import os
import signal

# Dagster has SIGTERM raise KeyboardInterrupt, whose traceback would be printed: when a notebook's kernel ends, all
# processes that it has started are sent it.
signal.signal(signal.SIGTERM, signal.SIG_DFL)
atexit.register(os._exit, 0)
