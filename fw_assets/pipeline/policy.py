"""How the steps that speak to the platform are tried again."""

from __future__ import annotations

import dagster as dg

PATIENT = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)
"""For troubles that may pass; a failure that a person has to mend says that it is not to be tried again."""
