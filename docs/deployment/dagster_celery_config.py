"""What a Celery worker listens to; lies in its working directory, or elsewhere on its PYTHONPATH.

    celery -A dagster_celery.app worker --prefetch-multiplier 1 --concurrency 4

More runs at once, or more memory for each, are more workers on more machines.
"""

import os

broker_url = os.environ["FW_CELERY_BROKER"]
result_backend = os.environ["FW_CELERY_RESULTS"]
broker_transport_options: dict[str, object] = {}
# A run leaves libraries' caches behind: a fresh process after so many.
worker_max_tasks_per_child = 50
