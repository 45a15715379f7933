"""What was confused with what: pairs, matrices and the rows behind them, of one label a row or of several.

May import `sections` and the rooms below it. `plots` draws it.
"""
