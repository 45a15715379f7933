"""Chat routes: what answers the chat and decision requests of one model in place of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ._completion import ChatCompletion
from ._decision import Decision
from ._decision_question import Question
from ._decisions import State


class ChatRoute(Protocol):
    """It raises the errors of `_errors`; `throttled` is as of `Fireworks`."""

    @property
    def throttled(self) -> int: ...

    async def chat(self, body: Mapping[str, Any]) -> ChatCompletion: ...

    async def systemone(self, state: State, questions: Mapping[str, Question]) -> Decision: ...

    async def close(self) -> None: ...
