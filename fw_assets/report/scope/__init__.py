"""Rows that belong to no label: tables and sentences of how well each model tells them from the others."""
