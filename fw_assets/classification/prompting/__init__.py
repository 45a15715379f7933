"""Prompting: the request for a row, constrained decoding, and the parsing of a model's answer into labels.

One prompt serves base models, tuned models and training examples. `answer_parser` is the only place that decides the
outcome of an answer. Imports `dataset` and `labels`; sends nothing, and knows nothing of metrics.
"""
