"""Tables and sentences of a plan, for plan.md and the terminal. They are plain text: whoever draws them escapes it.

May import the domain and the leaf modules `formatting`, `table` and `glossary`; nothing of the report itself.
"""
