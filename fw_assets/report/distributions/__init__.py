"""Probabilities of all labels: what is said of their scores. Imported by the templates' context alone."""
