"""Evaluation of one candidate: `evaluate` pays for it and has an `Evaluator` ask, store and score."""
