"""The report: report.json (`schema`), what it says (`sections`, `plan`, `plots`) and how it is drawn (`rendering`).

`assembly` makes a report from the domain's values. The pipeline imports from all rooms; the leaf modules `formatting`,
`table`, `escape` and `glossary` are for everyone. May import `classification`; not Dagster, HTTP clients, the pipeline
or the workspace.
"""
