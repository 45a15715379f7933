"""The inference server: a vLLM or another OpenAI-compatible server that answers for language models and their adapters.

Scorers of this room are what the other rooms ask, as those of `engine`; they need neither torch nor the model's files.
Imported from outside: `serving` alone.
"""
