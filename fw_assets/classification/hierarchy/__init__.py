"""Hierarchies of labels: accuracy at each of their levels. Which label stands below which is in `taxonomy`."""
