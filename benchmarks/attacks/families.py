"""The families, in the order in which they run."""

from __future__ import annotations

from benchmarks.attacks.client import client, client_slow
from benchmarks.attacks.embedded_http import embedded_http
from benchmarks.attacks.frame import Family
from benchmarks.attacks.kills import kills, signals

FAMILIES = (
    Family("client", "the client against hostile servers: sizes, nesting, figures, redirects, the key", client),
    Family("client-slow", "the client against servers that trickle", client_slow, by_name=True),
    Family("embedded-http", "the embedded platform's HTTP: keys, paths, framing, half-open, bodies", embedded_http),
    Family("kills", "kill -9 of command, step workers, job workers, fork server, all", kills),
    Family("signals", "INT, TERM, HUP, QUIT, PIPE, STOP and CONT to command, step and job worker", signals),
)
