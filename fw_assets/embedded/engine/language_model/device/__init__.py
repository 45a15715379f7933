"""The device that language models compute on: how fast it is. `speed` imports no torch; `measurement` is a program."""
