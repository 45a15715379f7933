"""Decisions: questions about a state, each answered by probabilities over its options, and by no text.

Two wire forms, `systemone_wire` and `openai_wire`, are read into one `DecisionRequest` and written from one list of
distributions. Only `endpoints` imports from here.
"""
