"""Cases: folders with an input, commands and an expectation, run against the program and printed as a table.

`python -m benchmarks.cases` runs them. `trial` runs one folder's commands, `expectation` is the form of what has to
come of them, and the `expected_*` modules hold it for each case by its number.
"""
