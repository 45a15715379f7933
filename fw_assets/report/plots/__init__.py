"""Charts as SVG text, for the HTML report and, with `svg.standalone`, for Dagster's pages.

They escape their own text. May import `schema`, `sections` and the leaf modules; not `rendering`.
"""
