"""Code that asks what is in use for a label: Python programs and curl calls, ready to run.

May import formatting and the schema.
"""
