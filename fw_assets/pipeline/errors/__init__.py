"""Errors of the pipeline."""
