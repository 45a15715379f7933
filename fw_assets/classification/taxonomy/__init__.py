"""Taxonomy of labels: which stands below which, by paths such as `billing/refund` or by parents that a session gives.

Imports nothing of this package but errors, values and near names, so that sessions can read it.
"""
