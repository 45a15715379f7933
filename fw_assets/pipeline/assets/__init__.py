"""Assets: one module for each, named as the asset, with one function that Dagster materializes.

Nothing but the code location imports them, which loads every module of this folder. Lineage, partitions, group, pool
and checks come from `asset_table`. May import every room but automation and runner, and no other asset module: what
two assets share is in `steps`, in a room below, or in the workspace.
"""
