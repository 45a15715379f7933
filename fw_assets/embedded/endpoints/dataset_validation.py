"""What the platform demands of an uploaded dataset; every problem names its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import UNSET

from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.inference.token_counts import count_prompt
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.records.dataset_files import BatchRow, ChatRow, Message, lines

MIN_ROWS = 3
MAX_ROWS = 3_000_000
_SHOWN = 20
_FOLLOWS = {"user": ("", "assistant"), "assistant": ("user", "tool"), "tool": ("assistant", "tool")}


@dataclass
class DatasetFacts:
    """What the platform knows of a file: rows, tokens (estimated), messages per row."""

    rows: int = 0
    tokens: int = 0
    messages: int = 0


def check_dataset(path: Path, format: str) -> DatasetFacts:
    """Read the whole file and hold it against the rules of its format (`CHAT` or `BATCH`).

    Raises:
        ApiError: INVALID_ARGUMENT with up to 20 problems, each as `file:line: field: what is wrong`.
    """
    facts = DatasetFacts()
    problems: list[str] = []
    check = _chat_check(facts) if format == "CHAT" else _batch_check(facts)
    for number, line in lines(path):
        facts.rows += 1
        try:
            problem = check(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = f"the line is not a valid row: {error}"
        if problem:
            problems.append(f"{path.name}:{number}: {problem}")
            if len(problems) >= _SHOWN:
                break
    if not problems and not MIN_ROWS <= facts.rows <= MAX_ROWS and format == "CHAT":
        problems.append(f"{path.name}: {facts.rows} rows; a dataset has {MIN_ROWS} to {MAX_ROWS:,}")
    if not problems and not facts.rows:
        problems.append(f"{path.name}: the file has no rows")
    if problems:
        raise _refusal(problems)
    return facts


def looks_like_batch(path: Path) -> bool:
    """Whether the first row is a request for batch inference rather than a chat."""
    try:
        _, first = next(lines(path))
        return "custom_id" in msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (StopIteration, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _chat_check(facts: DatasetFacts) -> Callable[[bytes], str | None]:
    decoder = msgspec.json.Decoder(ChatRow)
    weighted: bool | None = None

    def check(line: bytes) -> str | None:
        nonlocal weighted
        row = decoder.decode(line)
        facts.messages += len(row.messages)
        facts.tokens += count_prompt(content_text(message.content) for message in row.messages)
        if weighted is None:
            weighted = row.weight is not UNSET
        if weighted != (row.weight is not UNSET):
            return "weight: either every row has one or none has"
        return _conversation_problem(row.messages)

    return check


def _conversation_problem(messages: list[Message]) -> str | None:
    if not messages:
        return "messages: empty; a row needs at least a user and an assistant message"
    previous = ""
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if message.role == "system":
            if index:
                return f"{place}.role: a system message may only stand first"
            continue
        if message.role not in _FOLLOWS:
            return f"{place}.role: {message.role!r}; expected system, user, assistant or tool"
        if previous not in _FOLLOWS[message.role]:
            return f"{place}.role: {message.role!r} cannot follow {previous or 'the start'!r}"
        if message.content is None and not message.tool_calls:
            return f"{place}.content: missing; expected text or a list of text parts"
        if message.weight is not UNSET and message.weight not in (0, 1):
            return f"{place}.weight: {message.weight:g}; expected 0 or 1"
        previous = message.role
    if previous != "assistant":
        place = f"messages[{len(messages) - 1}].role"
        return f"{place}: {messages[-1].role!r}; the last message must be the assistant's"
    return None


def _batch_check(facts: DatasetFacts) -> Callable[[bytes], str | None]:
    decoder = msgspec.json.Decoder(BatchRow)
    seen: set[str] = set()

    def check(line: bytes) -> str | None:
        row = decoder.decode(line)
        if row.custom_id in seen:
            return f"custom_id: {row.custom_id!r} is there twice"
        seen.add(row.custom_id)
        return None if isinstance(row.body.get("messages"), list) else "body.messages: missing"

    return check


def _refusal(problems: list[str]) -> ApiError:
    error = invalid("the dataset breaks the rules:\n" + "\n".join(problems))
    violations = [{"field": problem.split(": ", 1)[0], "description": problem} for problem in problems]
    error.details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    return error
