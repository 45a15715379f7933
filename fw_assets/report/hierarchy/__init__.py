"""Hierarchy of the labels: tables and sentences of the accuracy at each of its levels."""
