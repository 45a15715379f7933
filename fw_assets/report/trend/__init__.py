"""What earlier reports of the same dataset said. May import formats, schema and tables; `plots` draws it."""
