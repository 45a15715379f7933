"""Tests of the MCP server and its rule on money."""
