"""Tables and sentences of the report, one module per section. They are plain text: whoever draws them escapes it.

Markdown, HTML and terminal show the same ones, so that they cannot disagree. May import `schema` and the leaf modules
`formatting`, `table` and `glossary`; not `assembly`, `plots` or `rendering`.
"""
