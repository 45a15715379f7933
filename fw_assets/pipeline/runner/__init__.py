"""Driver of the command line and of the one-click jobs: runs what is due, each step in a process of its own.

Import from here: `driver` (the order of steps), `redelivery` (a removed winner brought back), `worker_pool` (the
interface of what carries them out), `process_pool` (its implementation), `instance`, `worker.materialize`,
`orphaned_runs`. Nothing here imports the code location, assets or automation, which start these processes themselves: a
worker is told the module to load.
"""
