"""The families, in the order in which they run."""

from __future__ import annotations

from benchmarks.attacks.bombs import bombs
from benchmarks.attacks.client import client, client_slow
from benchmarks.attacks.cross_site import cross_site
from benchmarks.attacks.embedded_http import embedded_http
from benchmarks.attacks.environments import clocks, environments
from benchmarks.attacks.frame import Family
from benchmarks.attacks.hostile_labels import hostile_labels
from benchmarks.attacks.kills import kills, signals
from benchmarks.attacks.known_key import known_key
from benchmarks.attacks.pipeline import ceilings, pipeline
from benchmarks.attacks.programs import programs
from benchmarks.attacks.real_schedules import real_schedules
from benchmarks.attacks.scale import load, scale
from benchmarks.attacks.schedules import schedules
from benchmarks.attacks.secret_files import secret_files

FAMILIES = (
    Family("client", "the client against hostile servers: sizes, nesting, figures, redirects, the key", client),
    Family("client-slow", "the client against servers that trickle", client_slow, by_name=True),
    Family("pipeline", "the pipeline on a platform that lies: states, figures, prices, quotes, the key", pipeline),
    Family("ceilings", "ceilings below the price of the plan", ceilings),
    Family("embedded-http", "the embedded platform's HTTP: keys, paths, framing, half-open, bodies", embedded_http),
    Family("cross-site", "requests and websockets of another site to the UI, without a browser", cross_site),
    Family("labels", "hostile labels and texts in every output of a run", hostile_labels),
    Family("known-key", "sessions with a known key against a service that quotes it; every file searched", known_key),
    Family("environments", "hash seeds, -O, locales, limits, closed descriptors, bad settings", environments),
    Family("clocks", "clocks that jump", clocks),
    Family("secrets", "damaged key files, keys made at once and under every umask", secret_files),
    Family("bombs", "instructions, session files and datasets that are small and meant to be expensive", bombs),
    Family("scale", "a ledger of a million lines, two hundred datasets", scale),
    Family("load", "two hundred clients for a minute, each answer compared", load),
    Family("schedules", "kills, takeovers, lost answers, full disk over a virtual platform", schedules, by_name=True),
    Family("real-schedules", "the same with real processes", real_schedules, by_name=True),
    Family("programs", "the attacks that are benchmarks of their own", programs, by_name=True),
    Family("kills", "kill -9 of command, step workers, job workers, fork server, all", kills),
    Family("signals", "INT, TERM, HUP, QUIT, PIPE, STOP and CONT to command, step and job worker", signals),
)
