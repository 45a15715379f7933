"""Imported by the fork server of `damage`: what each of its commands would load and read again.

A process of the product loads the embedded platform and scikit-learn where it first uses them, compiles the templates
of the plan and the report, and reads Dagster's migrations for each database. Here a process is forked for each command.
"""

from __future__ import annotations

import importlib

from fw_assets.code_location import CODE_LOCATION
from fw_assets.report.rendering import html, markdown
from fw_assets_tests.dagster_databases import keep_what_does_not_change

keep_what_does_not_change()
for name in (
    CODE_LOCATION,
    "fw_assets.cli",
    "fw_assets.commands.workflow",
    "fw_assets.embedded.openapi",
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.naive_bayes",
):
    importlib.import_module(name)
for templates, kind in ((html.environment(), "html"), (markdown.environment(), "md")):
    for name in templates.list_templates(filter_func=lambda name, kind=kind: name.endswith(f".{kind}.jinja")):  # type: ignore[misc]
        templates.get_template(name)
