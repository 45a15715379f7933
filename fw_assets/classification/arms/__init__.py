"""Arms of a comparison: the prompt of a base model that is asked in another way than as it is.

`arm_prompt` has the question of each arm, `two_stage` the two questions of that one, `neighbours` and `few_shot` the
examples before a question, `label_centroids` the labels that a decision is asked among where there are too many,
`contextual_calibration` whether a base model's answers are calibrated. Imports `prompting`, `taxonomy`, `splits` and
`cost`; `classification/arm.py` has the names of arms, which sessions and catalogues need too.
"""
