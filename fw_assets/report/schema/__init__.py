"""report.json: the models that it is written and read with, `report.Report` first.

Every field here is documented in docs/report.md, which is generated from these classes. They hold plain data: what is
computed from the domain's values is in `assembly`, what is said about them in `sections`. Nothing of `report` may be
imported here.
"""
