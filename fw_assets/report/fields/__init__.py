"""Fields of the answers in the report: their tables, and the sentences on which of them gained.

Import `tables` and `sentences`. May import `formatting`, `schema` and `table`; no section, since these import it.
"""
