"""Logger of this package."""

from __future__ import annotations

import logging

log = logging.getLogger("fw_assets.fireworks")
