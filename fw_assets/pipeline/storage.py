"""Refuses a `dagster.yaml` of an earlier version, whose storage was here, with a sentence that says what to do."""

from __future__ import annotations

from fw_assets.classification.errors import input_error

raise input_error(
    "dagster.yaml is of an earlier version of fw-assets: replace its blocks storage, compute_logs and run_launcher by "
    "those of the dagster.yaml that comes with this one; what .dagster/ holds stays and is read as before",
    kind="dagster-yaml",
)
