"""Free models: scored on the rows of the plan, and asked for texts one by one, at no cost and on this machine.

May import evaluation, platform, values, the workspace and the domain; no assets, no Dagster.
"""
