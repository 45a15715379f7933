"""Passes that rows of several adapters over one base share. Above the scorers, which answer for one adapter each."""
