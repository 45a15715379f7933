"""Planning: making a dataset's plan under the offer of now, and finding out whether a stored one still holds.

Import `draft` for a plan made again, `volumes` for the text that its prices apply to, `stored_plan` to write one. May
import the platform and values; no phases, no Dagster.
"""
