"""MCP server: tools by which agents plan, look and ask, and spend within what the person who starts it allows.

`server` alone imports the SDK (the extra `mcp`); `tools` and `labelling_tools` are its functions without it, `results`
what they return, `spending` the rule on money. Only the command line imports from here.
"""
