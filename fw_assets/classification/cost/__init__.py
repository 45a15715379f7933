"""Cost: prices, token estimates, durations, the estimate of a plan, and the ledger of what was paid.

An unknown price stays unknown through all sums. The ledger is a pure value; the pipeline stores its entries. Imports
`catalogue` and `dataset`; knows nothing of labels and results.
"""
