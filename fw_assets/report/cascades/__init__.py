"""Cascades in the report: their table, and which is recommended. May import formatting, schema, sections, table."""
