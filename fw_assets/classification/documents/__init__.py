"""JSON documents that are no lines: the lists of rows in them, in the forms that libraries and tools write.

`formats` calls `row_lists`. Imports none of ours.
"""
