"""What plan.md and the terminal say about a plan: tables and sentences, escaped by whoever draws them.

May import the domain and the leaf modules `formatting`, `table` and `glossary`; nothing of the report itself.
"""
