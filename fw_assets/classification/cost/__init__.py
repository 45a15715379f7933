"""Cost: prices, token estimates, durations, the estimate of a plan, and the ledger of what was paid.

An unknown price stays unknown through all sums. The ledger is a pure value; the pipeline stores its entries. Imports
`catalogue`; knows nothing of datasets beyond their text volumes.
"""
