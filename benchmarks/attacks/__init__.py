"""Attacks as programs: what was tried on this package, what survived and what broke, family by family.

`python -m benchmarks.attacks` runs them. A module per family, each with one function that takes an `Attacks`; real
processes, sockets and files. `frame` counts, `trial` is a workspace to be attacked, `servers` are hostile servers.
"""
