"""A routing dataset of five fields, made up word by word.

`department` and `urgency` follow from words of the text, which only `department` names; `refund` (true or false)
follows from one word; `shift` is drawn at random, so that nobody can learn it; `order` is written in the text.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

FIELDS = ("department", "urgency", "refund", "shift", "order")
DEPARTMENTS = {
    "billing": ["billing", "invoice", "charged", "payment", "card", "price", "amount", "receipt"],
    "delivery": ["delivery", "parcel", "courier", "package", "tracking", "doorstep", "shipped", "van"],
    "technical": ["technical", "crash", "login", "screen", "reboot", "server", "update", "password"],
}
URGENCIES = {
    "low": ["whenever", "curious", "someday", "leisurely"],
    "normal": ["please", "kindly", "soon", "shortly"],
    "high": ["immediately", "furious", "lawyer", "blocked"],
}
FILLER = [
    "around",
    "basket",
    "before",
    "bicycle",
    "bridge",
    "brother",
    "carpet",
    "coffee",
    "colleague",
    "corridor",
    "cupboard",
    "early",
    "evening",
    "folder",
    "garden",
    "harbour",
    "jacket",
    "kettle",
    "ladder",
    "lamp",
    "manager",
    "market",
    "maybe",
    "message",
    "morning",
    "mountain",
    "narrow",
    "neighbour",
    "number",
    "office",
    "often",
    "orange",
    "pencil",
    "phone",
    "purple",
    "quickly",
    "quietly",
    "river",
    "second",
    "silver",
    "simple",
    "slowly",
    "station",
    "still",
    "sudden",
    "third",
    "train",
    "village",
    "wooden",
    "yesterday",
]


def routing_record(draw: random.Random) -> tuple[str, dict[str, object]]:
    """A text and its record."""
    department, urgency = draw.choice(list(DEPARTMENTS)), draw.choice(list(URGENCIES))
    refund, order = draw.random() < 0.4, f"A-{draw.randrange(10_000, 99_999)}"
    words = [
        *draw.sample(DEPARTMENTS[department], 2),
        draw.choice(URGENCIES[urgency]),
        *(["refund"] if refund else []),
        *draw.sample(FILLER, 9),
        order,
    ]
    draw.shuffle(words)
    record = {"department": department, "urgency": urgency, "refund": refund}
    return " ".join(words), {**record, "shift": draw.choice(["day", "night"]), "order": order}


def routing_lines(rows: int, seed: int = 0) -> list[str]:
    """Rows in the chat form."""
    draw = random.Random(seed)
    lines = []
    for _ in range(rows):
        text, record = routing_record(draw)
        answer = {"role": "assistant", "content": json.dumps(record)}
        lines.append(json.dumps({"messages": [{"role": "user", "content": text}, answer]}))
    return lines


def write_routing(path: Path, rows: int = 600, seed: int = 0) -> Path:
    """A file of such rows."""
    path.write_text("\n".join(routing_lines(rows, seed)) + "\n", "utf-8")
    return path
