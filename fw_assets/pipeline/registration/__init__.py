"""Registration of datasets: the session as it is understood, and the files where every machine can read them.

Import `registration` to register, `staging` and `verification` to read what was registered; `sources` knows where files
come from, and `llm_parser` asks a chat model about clauses of an instruction. May import platform, values, the
workspace and the domain; no other room, no Dagster.
"""
