"""Schedules of faults over a virtual platform: the real steps, ledger and workspace, driven in this process.

`schedule.run_schedule(seed)` is one of them: a dataset is taken from its approval to its deployment while drivers are
killed, taken over and out of disk, and answers are lost. What must hold at the end is checked there.
"""
