"""Baselines: classifiers that need no language model, cost nothing and are trained here on the training rows.

`baselines` has their names and scores; the majority and `tfidf` need the rows alone, `encoder` also a function that
turns texts into numbers, which the caller brings. May import dataset, prompting, metrics and values.
"""
