"""The device that language models compute on: how fast it is, and whose turn.

`speed` and `lease` import no torch; `measurement` is a program.
"""
