"""Long waits for the platform, relayed to whoever listens to progress: the command line, a run's log."""

from __future__ import annotations

import logging

from fw_assets.pipeline.progress import announce

_LOGGER = "fw_assets.fireworks"


class _Relay(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if not announce(record.getMessage()) and logging.lastResort is not None:
            logging.lastResort.handle(record)


def relay_waits() -> None:
    """Have the client's warnings relayed from now on, once."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(handler, _Relay) for handler in logger.handlers):
        logger.addHandler(_Relay(logging.WARNING))
