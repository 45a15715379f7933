"""`kill -9`, and every signal that ends or stops a process, to each kind of process at random moments."""

from __future__ import annotations

import signal
import time

from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.trial import VICTIMS, Trial, ended, undisturbed, wait_until
from fw_assets.exit_codes import DONE

ROUNDS, MAX_KILLS = 16, 3
SIGNALS = ("INT", "TERM", "HUP", "QUIT", "PIPE")
RECEIVERS = ("command", "step worker", "job worker")
STOPPED_SECONDS = 5.0


def kills(attacks: Attacks) -> None:
    """In each round one to three kills, after each of which the command is run again; then the run is completed."""
    usual = undisturbed().seconds
    for number in range(attacks.rounds or ROUNDS):
        strikes = [
            (attacks.chance.choice(VICTIMS), attacks.chance.uniform(0.3, usual))
            for _ in range(attacks.chance.randint(1, MAX_KILLS))
        ]
        name = " then ".join(f"{victim} after {moment:.1f} s" for victim, moment in strikes)
        with attacks.attack(f"kill -9 of {name}"):
            trial = Trial(attacks.new_folder(f"kill-{number}"))
            struck = sum(strike(trial, victim, moment, signal.SIGKILL) for victim, moment in strikes)
            attacks.tried += max(0, struck - 1)
            trial.complete()


def signals(attacks: Attacks) -> None:
    """Each signal to each kind of process, at a random moment of its life; stopped processes go on later."""
    usual = undisturbed().seconds
    for name in SIGNALS:
        for victim in RECEIVERS:
            with attacks.attack(f"SIG{name} to the {victim}"):
                trial = Trial(attacks.new_folder(name))
                strike(trial, victim, attacks.chance.uniform(0.1, 0.8) * usual, signal.Signals[f"SIG{name}"])
                trial.require_no_process()
                trial.complete()
    for victim in RECEIVERS:
        with attacks.attack(f"SIGSTOP to the {victim}, SIGCONT after {STOPPED_SECONDS:.0f} s"):
            trial = Trial(attacks.new_folder("STOP"))
            process = trial.start(*trial.workflow())
            wait_until(lambda trial=trial, victim=victim: bool(trial.victims(victim)), usual * 4)  # type: ignore[misc]
            trial.send(victim, signal.SIGSTOP)
            time.sleep(STOPPED_SECONDS)
            trial.send(victim, signal.SIGCONT)
            done = ended(process)
            require(done.code == DONE, f"ends with {done.message}")
            trial.require_as_undisturbed()


def strike(trial: Trial, victim: str, moment: float, number: signal.Signals) -> int:
    """Start the workflow, strike, wait until the command has ended; whether anybody was struck."""
    process = trial.start(*trial.workflow())
    time.sleep(moment)
    wait_until(lambda: bool(trial.victims(victim)) or process.poll() is not None, 60)
    struck = trial.send(victim, number)
    # A command that was killed leaves its step workers: they interrupt themselves.
    ended(process, tracebacks=True)
    return int(struck > 0)
