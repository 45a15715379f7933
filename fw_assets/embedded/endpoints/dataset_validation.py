"""Validation of uploaded datasets; every problem names its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET

from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.inference.token_counts import count_prompt
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.records.dataset_files import BatchRow, ChatMessage, ChatRow, read_lines

MIN_ROWS = 3
MAX_ROWS = 3_000_000
_MAX_PROBLEMS = 20
_PREDECESSORS = {"user": ("", "assistant"), "assistant": ("user", "tool"), "tool": ("assistant", "tool")}


@dataclass
class ValidatedDataset:
    """Counts over a dataset file: rows, estimated tokens, messages."""

    rows: int = 0
    tokens: int = 0
    messages: int = 0


def validate_file(path: Path, format: Literal["CHAT", "BATCH"]) -> ValidatedDataset:
    """Read the whole file and check every row by the rules of its format.

    Raises:
        RpcError: INVALID_ARGUMENT with up to 20 problems, each as `file:line: field: what is wrong`.
    """
    summary = ValidatedDataset()
    problems: list[str] = []
    check = _chat_check(summary) if format == "CHAT" else _batch_check(summary)
    for number, line in read_lines(path):
        summary.rows += 1
        try:
            problem = check(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = f"the line is not a valid row: {error}"
        if problem:
            problems.append(f"{path.name}:{number}: {problem}")
            if len(problems) >= _MAX_PROBLEMS:
                break
    if not problems and not MIN_ROWS <= summary.rows <= MAX_ROWS and format == "CHAT":
        problems.append(f"{path.name}: {summary.rows} rows; a dataset has {MIN_ROWS} to {MAX_ROWS:,}")
    if not problems and not summary.rows:
        problems.append(f"{path.name}: the file has no rows")
    if problems:
        raise _refusal(problems)
    return summary


def looks_like_batch(path: Path) -> bool:
    """Whether the first row is a request for batch inference rather than a chat."""
    try:
        _, first = next(read_lines(path))
        return "custom_id" in msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (StopIteration, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _chat_check(summary: ValidatedDataset) -> Callable[[bytes], str | None]:
    decoder = msgspec.json.Decoder(ChatRow)
    has_weights: bool | None = None

    def check(line: bytes) -> str | None:
        nonlocal has_weights
        row = decoder.decode(line)
        summary.messages += len(row.messages)
        summary.tokens += count_prompt(content_text(message.content) for message in row.messages)
        if has_weights is None:
            has_weights = row.weight is not UNSET
        if has_weights != (row.weight is not UNSET):
            return "weight: either every row has one or none has"
        return _conversation_problem(row.messages)

    return check


def _conversation_problem(messages: list[ChatMessage]) -> str | None:
    if not messages:
        return "messages: empty; a row needs at least a user and an assistant message"
    previous = ""
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        if message.role == "system":
            if index:
                return f"{field}.role: a system message may only stand first"
            continue
        if message.role not in _PREDECESSORS:
            return f"{field}.role: {message.role!r}; expected system, user, assistant or tool"
        if previous not in _PREDECESSORS[message.role]:
            return f"{field}.role: {message.role!r} cannot follow {previous or 'the start'!r}"
        if message.content is None and not message.tool_calls:
            return f"{field}.content: missing; expected text or a list of text parts"
        if message.weight is not UNSET and message.weight not in (0, 1):
            return f"{field}.weight: {message.weight:g}; expected 0 or 1"
        previous = message.role
    if previous != "assistant":
        return f"messages[{len(messages) - 1}].role: {messages[-1].role!r}; the last message must be the assistant's"
    return None


def _batch_check(summary: ValidatedDataset) -> Callable[[bytes], str | None]:
    decoder = msgspec.json.Decoder(BatchRow)
    custom_ids: set[str] = set()

    def check(line: bytes) -> str | None:
        row = decoder.decode(line)
        if row.custom_id in custom_ids:
            return f"custom_id: {row.custom_id!r} is there twice"
        custom_ids.add(row.custom_id)
        return None if isinstance(row.body.get("messages"), list) else "body.messages: missing"

    return check


def _refusal(problems: list[str]) -> RpcError:
    error = invalid("the dataset breaks the rules:\n" + "\n".join(problems))
    violations = [{"field": problem.split(": ", 1)[0], "description": problem} for problem in problems]
    error.details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    return error
