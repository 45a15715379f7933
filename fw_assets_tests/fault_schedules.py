"""How many random schedules of faults the tests try: `$FW_FAULT_SCHEDULES`, or sixty."""

from __future__ import annotations

import os

SCHEDULES = int(os.environ.get("FW_FAULT_SCHEDULES", "60"))
