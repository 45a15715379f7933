"""Record of what became of each answer: kept, lost on its way, or asked as a probe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fw_assets_tests.pipeline.fault_schedules.processes import Process


@dataclass
class Record:
    """Answers by the digest of their request's messages.

    Attributes:
        lost_usd: US dollars for answers that nobody kept, of which the ledger cannot know.
    """

    kept: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)
    lost_usd: float = 0.0

    def delivered(self, process: Process, key: str, usd: float) -> None:
        """An answer has arrived; what is done with it is known at the process's next point."""
        process.delivered = (key, usd)

    def arrived(self, process: Process, key: str, *, kept: int) -> None:
        """An answer was to be stored."""
        assert process.delivered is not None, "an answer was stored that nobody had asked for"
        expected, usd = process.delivered
        assert expected == key, "an answer was stored late, when a kill could have lost it"
        process.delivered = None
        if kept:
            self.kept[key] += kept
        else:
            self.lose(key, usd)

    def settle(self, process: Process) -> None:
        """Before the next request: what has arrived and was not stored was a probe."""
        if process.delivered is not None:
            key, usd = process.delivered
            self.probes[key] += 1
            self.lost_usd += usd
            process.delivered = None

    def lose(self, key: str, usd: float) -> None:
        self.lost[key] += 1
        self.lost_usd += usd
