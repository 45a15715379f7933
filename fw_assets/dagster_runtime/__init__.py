"""Optional speed-ups for `dagster dev`, on private names of Dagster and CPython, and the only place for such names.

Named by `run_launcher` and `compute_logs` in `dagster.yaml` and by nothing else: without those lines Dagster's own
launcher and logs are used, and this folder can be deleted. It may import `pipeline`; nothing may import it. The reason
for each private name stands at its import; `dagster<1.14` in `pyproject.toml` is pinned for them.
"""
