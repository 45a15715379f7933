"""JSON in the forms that libraries and tools write: the lists of rows in a document, and records of annotation tools.

`formats` calls `row_lists` and `annotations.EXPORTS`. Imports none of ours.
"""
