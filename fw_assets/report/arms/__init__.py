"""Ways of asking that need no tuning, in the report: what they bought, and what tuning bought over the best of them.

May import formatting, table and the schema.
"""
