"""Labels: where a dataset's answers have them, which spellings mean the same one, and how often each occurs.

`inspection` describes the rows of a dataset, `resolution` turns extracted labels into the label set and the split.
`extraction_rules` is the only list of answer formats. Imports `dataset` and `splits`; knows nothing of prompts, models
or cost.
"""
