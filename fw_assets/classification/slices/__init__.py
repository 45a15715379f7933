"""Slices: kinds of test rows (a script, a length, a customer's tier) whose accuracies are judged apart.

`slicing.slice_rows` names the slice of every row before any answer is known; `selection.slice_accuracy` judges them.
May import `values` and `dataset`, no other room: labels and answers are decided elsewhere.
"""
