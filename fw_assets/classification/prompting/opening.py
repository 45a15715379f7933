"""Opening of conversations: the system message that the rows of a dataset bring themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fw_assets.classification.dataset.chat import Turn, content_text, read_turns
from fw_assets.classification.values import Frozen


class Opening(Frozen):
    """How the rows that a model was evaluated on begin.

    Attributes:
        system: the most frequent system message; None where most rows have none.
        variants: how many different ones there are, none at all being one.
    """

    system: str | None = None
    variants: int = 1

    def conversation(self, text: str, system: str | None = None) -> list[Turn]:
        """A text as the rows have it: after their system message, or another one."""
        opening = self.system if system is None else system
        return [*([{"role": "system", "content": opening}] if opening else []), {"role": "user", "content": text}]


def opening_of(conversations: Iterable[str]) -> Opening:
    """The opening of rows.

    Args:
        conversations: the JSON array of turns of each row.
    """
    counts = Counter(_system(read_turns(messages)) for messages in conversations)
    if not counts:
        return Opening()
    return Opening(system=counts.most_common(1)[0][0], variants=len(counts))


def _system(turns: list[Turn]) -> str | None:
    return content_text(turns[0].get("content")) if turns and turns[0].get("role") == "system" else None
