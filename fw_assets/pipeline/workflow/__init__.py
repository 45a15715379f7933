"""One workflow among those of a Dagster deployment: its names, functions bound to them, and what messages say of it.

`instance` has the value that everything is named by, `binding` gives functions the resources of their instance, `owner`
notes a component in its workspace, `command_line` composes commands to paste, and `next_step` says what a person does
next: a command, or Dagster. Imports no other room.
"""
