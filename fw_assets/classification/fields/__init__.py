"""Answers that are JSON objects of several fields: which fields there are, their values, and an object as text.

Import `answer_field` (what was found in the answers), `record_field` (a field that models are asked for), `paths`
(where in an object a field is), `value_shape` (the JSON schema of values of any form), `value_tally` (what kind of
field some values make) and `records` (objects and their values as text). May import `values` alone.
"""
