"""Rows that belong to no label: how well a model tells them from the others, by a label of their own or by confidence.

`scope_figures` compares both ways on validation rows, chooses, and judges the choice on test rows. Predictions come in
as `ScopeRows`; where they are stored is decided elsewhere.
"""
