"""Exports: tuned models in forms that other programs load, and the same requests answered from those files.

May import `inference` and the rooms below it. `standalone` is copied into an export and must run without this package.
"""
