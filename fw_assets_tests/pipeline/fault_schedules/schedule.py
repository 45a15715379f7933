"""One schedule of faults: from its seed to what did not hold at the end."""

from __future__ import annotations

import random
import shutil
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from fw_assets.fireworks import DeploymentSpec
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.failures import EXPECTED_ERRORS
from fw_assets.pipeline.phases import due, is_stopped
from fw_assets.pipeline.run_config import DRIVERS, Driver
from fw_assets.pipeline.values.approval import Approval
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.fireworks.fake import FAULTS
from fw_assets_tests.pipeline.fault_schedules.drivers import DATASET, drive, is_delivered
from fw_assets_tests.pipeline.fault_schedules.faulty_workspace import FaultyWorkspace, keys
from fw_assets_tests.pipeline.fault_schedules.network import Network, virtual_host
from fw_assets_tests.pipeline.fault_schedules.processes import PROCESS_EVENTS, TAKEOVER, Event, Killed, Machine, Process
from fw_assets_tests.pipeline.fault_schedules.record import Record
from fw_assets_tests.pipeline.fault_schedules.template import Template, approve
from fw_assets_tests.pipeline.fault_schedules.virtual_platform import VirtualPlatform

POINTS = 260
"""About as many as a run has that nothing happens to; later ones are met by runs to which something does."""
MAX_EVENTS, MAX_BURST = 5, 4
MAX_LIVES = 30
CENT = 0.01


EXPECTED: tuple[type[Exception], ...] = (dg.Failure, OSError, *EXPECTED_ERRORS)
"""What a step or a command may end with: each is one sentence for a person."""


def _foreseen(error: BaseException) -> bool:
    return isinstance(error, (Killed, *EXPECTED))


@dataclass
class Outcome:
    """What a schedule came to.

    Attributes:
        happened: the events, each with the number of its point.
        broken: what did not hold.
        failures: messages of steps that failed, after which the driver was started again.
    """

    seed: int
    happened: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lives: int = 0
    charged: float = 0.0


def draw_events(chance: random.Random) -> dict[int, Event]:
    """Events by point: of processes, one by one; of the network, also several in a row."""
    events: dict[int, Event] = {}
    for _ in range(chance.randint(1, MAX_EVENTS)):
        point = chance.randrange(POINTS)
        if chance.random() < 0.6:
            events[point] = chance.choice((*PROCESS_EVENTS, TAKEOVER))
        else:
            fault = chance.choice(FAULTS)
            events |= {point + number: fault for number in range(chance.randint(1, MAX_BURST))}
    return events


def run_schedule(seed: int, template: Template, folder: Path) -> Outcome:
    """Take the dataset from its approval to its deployment under the events of this seed.

    Args:
        folder: does not exist yet, and is removed again unless something broke.
    """
    chance = random.Random(f"schedule/{seed}")
    random.seed(seed)  # the client's jitter
    template.copy(folder)
    run = _Run(
        Outcome(seed), folder, Machine(draw_events(chance), chance), VirtualPlatform(template.labels, template.hour_usd)
    )
    run.to_its_end()
    run.check(exactly=not template.hour_usd)
    if not run.outcome.broken:
        shutil.rmtree(folder)
    return run.outcome


@dataclass
class _Run:
    outcome: Outcome
    folder: Path
    machine: Machine
    platform: VirtualPlatform
    record: Record = field(default_factory=Record)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def store(self) -> Workspace:
        """As a reader has it to whom nothing happens."""
        return Workspace(str(self.folder))

    def to_its_end(self) -> None:
        """Start a driver, and another after each that ended early, until nothing is due that costs money."""
        self.machine.take_over = self._take_over
        while self.outcome.lives < MAX_LIVES and not self._delivered():
            self._start(self._driver(), takes_over=self._stopped())
            while self.threads:
                self.threads.pop(0).join()
        self.outcome.happened = self.machine.happened
        self.outcome.charged = self.platform.charged

    def _driver(self) -> Driver:
        return self.store.require("approval", DATASET, Approval).driver

    def _stopped(self) -> bool:
        return is_stopped(self.store, DATASET)

    def _delivered(self) -> bool:
        status = due(self.store, DATASET, None)
        return bool(status.steps) and is_delivered(self.store, status.steps[0])

    def _take_over(self) -> None:
        if self.outcome.lives < MAX_LIVES:
            (other,) = (driver for driver in DRIVERS if driver != self._driver())
            self._start(other, takes_over=True)

    def _start(self, driver: Driver, *, takes_over: bool) -> None:
        self.outcome.lives += 1
        process = Process(self.machine, f"{driver} {self.outcome.lives}")
        self.machine.start(process)
        thread = threading.Thread(target=self._live, args=(process, driver, takes_over), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _live(self, process: Process, driver: Driver, takes_over: bool) -> None:
        store = FaultyWorkspace(str(self.folder), process, self.record)
        host = virtual_host(self.folder, Network(process, self.platform, self.record))
        try:
            self.machine.wait_turn(process)
            if takes_over:
                approve(store, host, driver)
            drive(store, host, driver)
        except Killed:
            pass
        except EXPECTED as failure:
            self.outcome.failures.append(str(failure))
        except BaseException as error:  # noqa: BLE001  a bug is what is looked for
            # A kill can meet tasks that had just failed, of a full disk for example.
            rest = error.split(_foreseen)[1] if isinstance(error, BaseExceptionGroup) else error
            if rest is not None:
                self.outcome.broken.append(f"{process.name} ended with {type(rest).__name__}: {rest}")
        finally:
            self.record.settle(process)
            self.machine.end(process)

    def check(self, *, exactly: bool) -> None:
        """Write down what does not hold.

        Args:
            exactly: the ledger is equal to the platform's record to the cent; otherwise it holds at least as much,
                since a deployment's hours are paid by the longest time that they can have taken.
        """
        broken = self.outcome.broken
        if not self._delivered():
            broken.append(f"not delivered after {self.outcome.lives} drivers: {due(self.store, DATASET, None).note}")
        twice = [name for name, number in self.platform.specifications.items() if number > 1]
        broken += [f"created {self.platform.specifications[name]} times: {name[:120]}" for name in twice]
        for name in self.store.names(DATASET, "answers"):
            stored = Counter(keys(self.store.lines(DATASET, "answers", name)))
            if repeated := sum(number > 1 for number in stored.values()):
                broken.append(f"{repeated} answers are kept twice in {name}")
        served, record = self.platform.served, self.record
        again = [key for key in served if served[key] > record.kept[key] + record.lost[key] + record.probes[key]]
        if again or len(record.probes) > 1:
            broken.append(f"{len(again)} answers were asked again, {len(record.probes)} requests were probes")
        self._check_money(broken, exactly=exactly)

    def _check_money(self, broken: list[str], *, exactly: bool) -> None:
        account = approved_account(self.store, DATASET)
        window = DeploymentSpec(base_model="m").scale_to_zero_window
        deployments = self.platform.deployment_usd(window)
        known = self.platform.charged - self.record.lost_usd + deployments
        spent = account.ledger().spent
        if spent < known - CENT / 2 or (exactly and spent > known + CENT / 2):
            broken.append(f"the ledger has ${spent:.4f}, the platform's record ${known:.4f}")
        total = self.platform.charged + deployments
        if max(total, spent) > account.ceiling + CENT / 2:
            broken.append(f"${total:.4f} was charged, ${spent:.4f} paid, under a ceiling of ${account.ceiling:.4f}")


def summary(outcomes: Sequence[Outcome]) -> str:
    """What happened in some schedules, in one sentence."""
    events = Counter(item.partition(": ")[2] for outcome in outcomes for item in outcome.happened)
    lives = sum(outcome.lives for outcome in outcomes)
    named = ", ".join(f"{number} {name}" for name, number in events.most_common())
    return f"{len(outcomes)} schedules, {lives} drivers, {sum(len(o.failures) for o in outcomes)} failed steps: {named}"
