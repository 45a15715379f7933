"""What the reader of a report should do, in a line or two.

May import `sections` and the rooms below it; never the renderers, which show it first.
"""
