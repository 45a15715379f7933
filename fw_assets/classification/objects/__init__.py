"""Objects of the answers: which of their fields a session asks for, and every row's object of these.

Import `asked_fields` (names and places), `record_resolution` (values and records) and `record_findings` (what a person
should know of them).
"""
