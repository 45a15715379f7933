"""Markdown, HTML and terminal: how reports and plans are drawn, and where text from outside is escaped.

No figure is computed and no sentence is worded here. May import every other room of `report`; none of them imports
this one.
"""
