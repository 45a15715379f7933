"""Free models in the report: against the models that cost something. May import formatting, schema, sections, table."""
