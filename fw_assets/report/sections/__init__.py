"""What the report says, one module per section: tables and sentences of a `Report`, escaped by whoever draws them.

Markdown, HTML and terminal show the same ones, so that they cannot disagree. May import `schema` and the leaf modules
`formatting`, `table` and `glossary`; not `assembly`, `plots` or `rendering`.
"""
