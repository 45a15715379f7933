"""A person's answer to one version of something: who gave it, whether it is to the version of now, and its trail.

`answer` refuses what is no answer, `trail` keeps every one. The plan of a dataset and `fw_assets.ApprovalGate` use
both. Imports `errors` alone; it knows neither plans nor assets.
"""
