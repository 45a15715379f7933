"""Export of a dataset's fine-tuned winner as files, proven on rows of its evaluation.

May import `evaluation`, `platform` and the rooms below them.
"""
