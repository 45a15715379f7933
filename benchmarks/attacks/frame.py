"""Frame of the attacks: each is tried, and has survived unless it raised."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LINE_LENGTH = 300


class BrokenError(AssertionError):
    """Something that must hold did not, under an attack."""


class ImpossibleError(Exception):
    """An attack that this machine does not allow; it counts as not tried."""


@dataclass
class Attacks:
    """One family under way.

    Attributes:
        folder: for its files, removed afterwards.
        rounds: how many, where the family is random; None: as many as it has by default.
        chance: seeded; equal seeds give equal attacks.
    """

    family: str
    folder: Path
    rounds: int | None
    chance: random.Random
    tried: int = 0
    broken: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @contextmanager
    def attack(self, name: str) -> Iterator[None]:
        """One attack; whatever the block raises is what broke."""
        try:
            yield
        except ImpossibleError as reason:
            self.left_out.append(f"{name}: {reason}")
            return
        except Exception as error:  # noqa: BLE001  a bug of ours is what is looked for
            self.broken.append(f"{name}: {_line(error)}")
            print(f"{self.family}, broke: {self.broken[-1]}", file=sys.stderr, flush=True)
        self.tried += 1

    def note(self, text: str) -> None:
        """A figure that belongs to the results."""
        self.notes.append(text)

    def new_folder(self, name: str) -> Path:
        """An empty folder of its own."""
        folder = self.folder / f"{len(list(self.folder.iterdir())):03d}-{name}"
        folder.mkdir()
        return folder

    @property
    def survived(self) -> int:
        return self.tried - len(self.broken)


Run = Callable[[Attacks], None]


@dataclass(frozen=True)
class Family:
    """Attacks of one kind.

    Attributes:
        title: what is attacked, and how.
        by_name: takes long, and runs only where it is named.
    """

    name: str
    title: str
    run: Run
    by_name: bool = False


def require(holds: object, message: str) -> None:
    """Raise `BrokenError` with the message unless it holds."""
    if not holds:
        raise BrokenError(message)


def run_family(family: Family, folder: Path, rounds: int | None, seed: int) -> Attacks:
    """Run a family; an error between two attacks counts as one that broke."""
    attacks = Attacks(family.name, folder, rounds, random.Random(f"{family.name}/{seed}"))
    started = time.monotonic()
    try:
        family.run(attacks)
    except ImpossibleError as reason:
        attacks.left_out.append(str(reason))
    except Exception as error:  # noqa: BLE001  the other families still run
        attacks.tried += 1
        attacks.broken.append(f"ended early: {_line(error)}")
    attacks.seconds = time.monotonic() - started
    return attacks


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no message"
    kind = "" if isinstance(error, BrokenError) else f"{type(error).__name__}: "
    return f"{kind}{text}"[:LINE_LENGTH]
