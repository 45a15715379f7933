"""Metrics of one model on one part of the rows: scores, calibration, selective prediction, and latency.

Everything is computed from predictions frames (`prompting.answer_parser.PREDICTIONS`), whole or in parts. A metric is
declared once, on the field that stores it. Comparing two models is the subject of `selection`, which imports this room.
"""
