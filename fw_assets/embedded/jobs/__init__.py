"""Fine-tuning and batch inference jobs: the queue, and the worker processes that take jobs from it.

Endpoints import `job_queue` to queue jobs and start workers; everything else runs in `python -m
fw_assets.embedded.jobs.worker`.
"""
