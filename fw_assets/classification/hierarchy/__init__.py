"""Hierarchies of labels, such as `billing/refund`: found in the labels, and accuracy at each of their levels."""
