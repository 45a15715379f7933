"""Python API: the workflow as notebooks and scripts use it, over the functions that the command line uses.

`fw_assets` exports what is public here, and imports it when it is asked for. The tools for agents are over it too.
"""
