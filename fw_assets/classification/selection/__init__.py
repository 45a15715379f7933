"""Selection: comparing two models on the same rows, choosing finalists and winner, and the deploy gate.

Choices read validation scores only; the gate alone reads the test rows. Imports `metrics`; knows nothing of cost or
of the platform.
"""
