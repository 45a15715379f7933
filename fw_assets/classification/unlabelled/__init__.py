"""Rows that nobody has labelled: read from the file forms of datasets, and written with what a model said of them.

`input_table.read_input` reads a file into parts on the disk, `output_table.write_output` writes one by its ending.
May import `dataset`, `formats` and `errors`; what is asked of a model, and what its answers are, is decided elsewhere.
"""
