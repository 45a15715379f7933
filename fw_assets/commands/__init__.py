"""Commands of `fw-assets` behind the parsing of their arguments, which is `cli`.

`workflow`, `deploy`, `inspect` and `catalog` hold one function per command, which returns the exit code; `register`
turns arguments into a registered dataset, `render` prints. `cli` imports them when a command runs; at its own import it
takes `session_options` only, so that `--help` does not wait for the program to load. Nothing else imports from here.
"""
