"""Labels and texts that try to be more than text, through a whole run, and every output that shows them."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.attacks.frame import Attacks, ImpossibleError, require
from benchmarks.attacks.trial import RUN_SECONDS, Trial
from fw_assets.exit_codes import DONE
from fw_assets_tests.report.hostile import LABELS, TEXTS

EXTRA = (
    "\x1b]0;pwn\x07",
    "\x1b[2J\x1b[31mRED",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-1+1",
    "+1",
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "\x9b31m",
    "&lt;b&gt;",
    "<!--",
    "]]>",
)
ROWS_PER_LABEL = 10
EVIL = "evil.example"
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
OWN_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[mKAGJhl]|\r")
"""What a progress display sends to a terminal: colours, moves, erased lines."""
ACTIVE = {"script", "iframe", "object", "embed", "link", "meta", "base", "form", "input", "img", "svg", "style"}
FORMULA = "=+-@\t\r"


class Tags(HTMLParser):
    """The elements of a page that do something, and the attributes that do."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ACTIVE:
            self.active.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(f"{tag} {name}")
            if name in ("href", "src", "action") and (EVIL in (value or "") or "javascript:" in (value or "")):
                self.addresses.append(f"{tag} {name}={value}")


def hostile_labels(attacks: Attacks) -> None:
    """One run; then each of its files, and each command that prints them, is an attack that may have got through."""
    trial = Trial(attacks.new_folder("run"))
    _write_rows(trial.data)
    done = trial.finish(*trial.workflow(), seconds=2 * RUN_SECONDS)
    require(done.code == DONE, f"the run ends with {done.message}")
    folder = trial.workspace / "tickets"
    for path in sorted(folder.rglob("*.md")):
        with attacks.attack(f"{path.name}, rendered"):
            _check_markdown(path.read_text("utf-8"))
        with attacks.attack(f"{path.name}, on a terminal"):
            _check_text(path.read_text("utf-8"))
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text("utf-8")
        with attacks.attack(f"{path.name}, in a browser"):
            _check_html(text)
        for number, svg in enumerate(re.findall(r"<svg.*?</svg>", text, re.DOTALL)):
            with attacks.attack(f"{path.name}, drawing {number + 1}"):
                _check_svg(svg)
    for path in sorted(folder.rglob("*.csv")):
        with attacks.attack(f"{path.name}, in a spreadsheet"):
            _check_csv(path)
    for name, arguments in _commands(trial):
        with attacks.attack(f"`{name}`, into a file"):
            shown = trial.finish(*arguments)
            require(shown.code == DONE, f"ends with {shown.message}")
            _check_text(shown.output)
        with attacks.attack(f"`{name}`, on a terminal"):
            _check_text(OWN_SEQUENCES.sub("", _on_terminal(trial, arguments)))
    with attacks.attack("the output of the run"):
        _check_text(done.output)


def _write_rows(path: Path) -> None:
    lines = []
    labels = [label for label in (*LABELS, *EXTRA) if "\n" not in label]  # a label is one line
    for number in range(ROWS_PER_LABEL):
        for position, label in enumerate(labels):
            text = f"{TEXTS[(number + position) % len(TEXTS)]} case {position} kind {position} number {number}"
            row = {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
            lines.append(json.dumps(row))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _commands(trial: Trial) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "report", ("report", "tickets")
    yield "status", ("status",)
    yield "plan", ("plan", str(trial.data), "--model", "char-ngram")
    yield "predict", ("predict", "tickets", "\x1b[2J\x1b]0;pwn\x07 case 3 kind 3")


def _check_text(text: str) -> None:
    found = sorted({repr(character) for character in CONTROL.findall(text)})
    require(not found, f"holds {', '.join(found)}")


def _check_markdown(text: str) -> None:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise ImpossibleError("markdown-it-py is not installed") from None
    for preset in ("commonmark", "gfm-like"):
        options = {"html": True, "linkify": False}
        page = MarkdownIt(preset, options).enable("table").render(text)
        tags = Tags()
        tags.feed(page)
        require(not tags.active, f"{preset} renders {', '.join(tags.active[:3])}")
        require(not tags.handlers and not tags.addresses, f"{preset} renders {(tags.handlers + tags.addresses)[:2]}")


def _check_html(text: str) -> None:
    tags = Tags()
    tags.feed(text)
    require(not tags.handlers, f"holds {tags.handlers[:2]}")
    require(not tags.addresses, f"leads to {tags.addresses[:2]}")
    require("Content-Security-Policy" in text, "has no policy")
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    require(not any("alert(" in script for script in scripts), "holds a script of the dataset")
    require(not set(tags.active) & {"iframe", "object", "embed", "base", "form"}, f"holds {set(tags.active)}")
    _check_text(text)


def _check_svg(text: str) -> None:
    for element in ElementTree.fromstring(text).iter():
        name = str(element.tag).rpartition("}")[2]
        require(name not in ("script", "foreignObject", "image", "a"), f"holds {name}")
        require(not any(key.lower().startswith("on") for key in element.attrib), f"holds {element.attrib}")


def _check_csv(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            for cell in row:
                is_number = re.fullmatch(r"[-+]?[0-9.e+-]+", cell) is not None
                require(
                    is_number or cell[:1] not in FORMULA or not cell, f"a cell begins like a formula: {cell[:30]!r}"
                )
                _check_text(cell)


def _on_terminal(trial: Trial, arguments: tuple[str, ...]) -> str:
    """What a command sends to a terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        trial.command(*arguments),
        cwd=trial.folder,
        env=trial.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            block = os.read(controller, 1 << 16)
        except OSError:  # the last one has closed it
            break
        if not block:
            break
        shown += block
    process.wait(60)
    os.close(controller)
    return shown.decode("utf-8", "replace")
