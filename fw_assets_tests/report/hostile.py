"""Text that tries to be more than text."""

LABELS = (
    "a|b",
    "# x",
    "![](http://evil.example/p.png)",
    "`tick`",
    "<script>alert(1)</script>",
    "line\nbreak",
    "[link](http://evil.example)",
    "back\\|slash",
    "</style><b>",
    "[red]bold[/red]",
    "\x1b[31mred",
    "\u202eflipped",
    "{{ 7 * 7 }}",
    "',\"; DROP",
)

TEXTS = (
    "<img src=x onerror=alert(1)> ``` </script><script>alert(2)</script>",
    "| cell | --- |\n| - | - |\n# heading\n![i](http://evil.example/i.png) www.evil.example",
    "$(rm -rf /) 'quote' \"double\" \\ BODY\nBODY\n",
    "\u202e\x00\x1b[2J]]>&lt; <!-- -->",
)
