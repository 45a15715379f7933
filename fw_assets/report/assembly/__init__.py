"""From the domain's values to report.json: one module per part of the report, `report.build_report` puts them together.

Pure: nothing is read or written here. May import `schema`, `sections` (for the one sentence that report.json holds)
and the leaf modules `formatting` and `glossary`; not `plots`, `plan` or `rendering`.
"""
