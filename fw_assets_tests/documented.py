"""The parts of docs/ that are written from the code: `python -m fw_assets_tests.documented` writes them."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from fw_assets.classification.session import Session
from fw_assets.cli import main

DOCS = Path(__file__).parents[1] / "docs"


def session_table() -> str:
    """Every session field with its type, default and meaning."""
    lines = ["| field | default | meaning |", "|---|---|---|"]
    for name, field in Session.model_fields.items():
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        text = yaml.safe_dump(default, default_flow_style=True).replace("\n...", "").strip()
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | `{text}` | {meaning} |")
    return "\n".join(lines)


def command_help() -> str:
    """What every command says of itself."""
    parts = []
    for name, command in main.commands.items():
        context = click.Context(command, info_name=f"fw-assets {name}", max_content_width=100, terminal_width=100)
        parts.append(f"```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts)


GENERATED = {"session.md": {"session fields": session_table}, "command-line.md": {"commands": command_help}}


def written(text: str, name: str, content: str) -> str:
    """`text` with the block of that name replaced.

    Raises:
        ValueError: the text has no such block.
    """
    block = re.compile(rf"(<!-- {re.escape(name)}: written from the code -->\n).*?(<!-- end -->)", re.DOTALL)
    if not block.search(text):
        raise ValueError(f"no block {name!r}")
    return block.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def documents() -> dict[Path, str]:
    """Every document with generated blocks, as it should be."""
    found = {}
    for file, blocks in GENERATED.items():
        text = (DOCS / file).read_text("utf-8")
        for name, content in blocks.items():
            text = written(text, name, content())
        found[DOCS / file] = text
    return found


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, "utf-8")
