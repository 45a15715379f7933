"""A thousand schedules of kills, takeovers, lost answers and full disks over a virtual platform."""

from __future__ import annotations

from benchmarks.attacks.frame import Attacks, BrokenError
from fw_assets_tests.pipeline.fault_schedules.schedule import Outcome, run_schedule, summary
from fw_assets_tests.pipeline.fault_schedules.template import HOUR_USD, make_template

ROUNDS = 1_000


def schedules(attacks: Attacks) -> None:
    """Each even one is compared to the cent; the others pay a deployment by the hour."""
    templates = [make_template(attacks.new_folder("template") / "made", hour_usd=usd) for usd in (0.0, HOUR_USD)]
    first = attacks.chance.randrange(10**6)
    outcomes: list[Outcome] = []
    for number in range(attacks.rounds or ROUNDS):
        with attacks.attack(f"schedule {first + number}"):
            outcome = run_schedule(first + number, templates[number % 2], attacks.folder / f"{first + number}")
            outcomes.append(outcome)
            if outcome.broken:
                raise BrokenError(f"{'; '.join(outcome.broken)} ({', '.join(outcome.happened)})")
    attacks.note(summary(outcomes))
