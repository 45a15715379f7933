"""Tests of dataset files of all formats."""
