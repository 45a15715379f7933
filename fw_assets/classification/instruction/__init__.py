"""Instruction parser: session fields from plain English.

`parser.parse_instruction` is the entry. The modules `datasets`, `models`, `labels`, `splits` and `settings` each
explain a part of an annotated text; `rules_*` hold the phrases for single fields. The scope is fixed: a phrase that no
rule explains is reported as unused. Imports only `catalogue` (for model names) and the session.
"""
