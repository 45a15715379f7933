"""Cascades: a free model answers first, and another where the free one is not sure enough.

`risk` bounds what accuracy that may cost, `threshold` chooses by it on validation rows, `outcome` is what comes of it
on test rows. May import values, clusters and intervals.
"""
