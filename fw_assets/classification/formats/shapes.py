"""Shapes of JSON objects: how an object of another tool becomes a chat row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.dataset.json_errors import RowError, describe
from fw_assets.classification.dataset.row_parser import GROUP_KEYS
from fw_assets.classification.documents.annotations import EXPORTS, Flat
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.column_choice import ColumnChoice, choose_columns, choose_label
from fw_assets.classification.formats.label_values import BadLabel, label_error, label_text, labels_of
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import is_empty, profiles
from fw_assets.classification.formats.tables import EMPTY_LABEL, EMPTY_TEXT

Record = Mapping[str, Any]
Converted = dict[str, Any] | str | RowError
"""A chat row, the kind of one that is left out, or what is wrong."""

CONVERSATIONS = {"conversations": "ShareGPT", "conversation": "ShareGPT", "contents": "Gemini"}
"""Fields of whole conversations, and who writes them so."""
_SPEAKERS = {
    **dict.fromkeys(("human", "user", "customer", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "model", "chatgpt", "bot", "bing", "bard", "agent", "ai"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "observation", "function", "function_response"), "tool"),
}


@dataclass(frozen=True)
class Shape:
    """A recognised shape.

    Attributes:
        read_as: in words, with the fields that are read.
        convert: makes a chat row of an object.
        columns: where the text is one field and the label another: objects with texts in both are rows of a table too.
    """

    read_as: str
    convert: Callable[[Record], Converted]
    columns: ColumnChoice | None = None


def find_shape(
    records: Sequence[Record], options: ReadingOptions, class_names: Mapping[str, tuple[str, ...]], file: str
) -> Shape | None:
    """The shape that most of the objects have; None for chat rows.

    Raises:
        InputError: none is known, or the columns are not clear.
    """
    if _most(records, lambda record: isinstance(record.get("messages"), list)):
        label = options.label_column or _label_beside(records, file)
        return _labelled_chat(label) if label else None
    conversation = _whole_conversations(records)
    if conversation is not None:
        return conversation
    if _most(records, _is_trl):
        return Shape("prompt and completion as messages", _prompt_and_completion)
    if _most(records, _is_preference):
        return Shape("chat rows in `input`, with the answer in `preferred_output`", _preferred)
    if (field := _field_of_chat(records)) is not None:
        return Shape(f"chat rows in `{field}`", partial(_inner_chat, field))
    for name, belongs, flatten in EXPORTS:
        if _most(records, belongs):
            return _flat_shape(name, records, flatten, options, class_names, file)
    return _flat_shape("", records, _flattened, options, class_names, file)


def find_conversation(records: Sequence[Record]) -> Shape | None:
    """The shape of objects that hold whole conversations, labelled or not; None for others."""
    if _most(records, lambda record: isinstance(record.get("messages"), list)):
        return Shape("chat rows", lambda record: {"messages": record.get("messages")})
    if _most(records, partial(_has_list, "prompt")):
        return Shape("prompts as messages", lambda record: {"messages": record.get("prompt")})
    return _whole_conversations(records)


def _whole_conversations(records: Sequence[Record]) -> Shape | None:
    for field, name in CONVERSATIONS.items():
        if _most(records, partial(_has_list, field)):
            return Shape(f"{name} (`{field}`)", partial(_conversation, field))
    return None


def flat_texts(records: Sequence[Record]) -> Callable[[Record], Record]:
    """What makes the columns of an object that may hold its text, by the tool that most objects are of."""
    for _, belongs, flatten in EXPORTS:
        if _most(records, belongs):

            def texts(record: Record, flatten: Callable[[Record], Flat | str] = flatten) -> Record:
                flat = flatten(record)
                return flat.texts if isinstance(flat, Flat) else _flattened(record).texts

            return texts
    return lambda record: _flattened(record).texts


def _flattened(record: Record) -> Flat:
    """A record with the fields of objects in it beside its own, as `meta.intent`."""
    if any(isinstance(value, dict) and "choices" not in value for value in record.values()):
        inner = {
            f"{name}.{key}": value
            for name, values in record.items()
            if isinstance(values, dict) and "choices" not in values
            for key, value in values.items()
        }
        record = {**{name: v for name, v in record.items() if not isinstance(v, dict) or "choices" in v}, **inner}
    return Flat(record, record)


def is_nested(records: Sequence[Record]) -> bool:
    """Whether the rows of a table hold conversations or an annotation tool's records."""
    kinds: list[Callable[[Record], bool]] = [partial(_has_list, field) for field in ("messages", *CONVERSATIONS)]
    kinds += [_is_trl, *(belongs for name, belongs, _ in EXPORTS if name != "Doccano")]
    return any(_most(records, belongs) for belongs in kinds)


def _is_trl(record: Record) -> bool:
    return _has_list("prompt", record) and _has_list("completion", record)


def _has_list(field: str, record: Record) -> bool:
    return isinstance(record.get(field), list)


def _is_preference(record: Record) -> bool:
    return _holds_chat("input", record) and _has_list("preferred_output", record)


def _holds_chat(field: str, record: Record) -> bool:
    return isinstance(inner := record.get(field), dict) and _has_list("messages", inner)


def _field_of_chat(records: Sequence[Record]) -> str | None:
    """The one field whose object is a chat row, as the `body` of a request of a batch."""
    fields = {name for record in records for name in record if _holds_chat(name, record)}
    return next((name for name in fields if len(fields) == 1 and _most(records, partial(_holds_chat, name))), None)


def _most(records: Sequence[Record], belongs: Callable[[Record], bool]) -> bool:
    return 2 * sum(map(belongs, records)) > len(records)


def _flat_shape(
    name: str,
    records: Sequence[Record],
    flatten: Callable[[Record], Flat | str],
    options: ReadingOptions,
    class_names: Mapping[str, tuple[str, ...]],
    file: str,
) -> Shape:
    flat = [item for record in records if isinstance(item := flatten(record), Flat)]
    annotated = flat or [Flat(record, record) for record in records]
    texts = profiles([item.texts for item in annotated])
    labels = texts if annotated[0].texts is annotated[0].labels else profiles([item.labels for item in annotated])
    choice = choose_columns(texts, labels, options, class_names, file)
    read_as = f"{name}, {choice}" if name else str(choice)
    single = len(choice.text) == 1 and not choice.text[0][0] and not (choice.flags or choice.system or choice.weight)
    columns = choice if not name and single and choice.names is None else None
    return Shape(read_as, lambda record: _flat_row(record, flatten, choice), columns)


def _flat_row(record: Record, flatten: Callable[[Record], Flat | str], choice: ColumnChoice) -> Converted:
    flat = flatten(record)
    if isinstance(flat, str):
        return flat
    value = flat.labels.get(choice.label)
    label: str | list[str] | RowError | None
    try:
        label = value if isinstance(value, str) and choice.names is None else label_text(value, choice.names)
    except BadLabel as error:
        return label_error(choice.label, error)
    if choice.flags:
        label = labels_of(flat.labels, choice.flags)
        if isinstance(label, RowError):
            return label
    if label is None or (isinstance(label, str) and not label.strip()):
        return EMPTY_LABEL
    text = text_of(flat.texts, choice.text)
    if isinstance(text, RowError):
        return text
    if text is None:
        return EMPTY_TEXT
    system = flat.texts.get(choice.system) if choice.system else None
    row = _row(record, text, label, None if is_empty(system) else str(system))
    weight = flat.labels.get(choice.weight) if choice.weight else None
    return row if is_empty(weight) else {**row, "weight": _number(weight)}


def text_of(record: Record, text: Sequence[tuple[str, str | None]]) -> str | RowError | None:
    """The text of an object by its parts (`ColumnChoice.text`), None where it is empty, or what is wrong."""
    parts: list[str] = []
    for literal, column in text:
        value = record.get(column) if column else None
        if isinstance(value, dict | list) and not content_text(value):
            return RowError("text", column, f"found {describe(value)}, expected text")
        parts += [literal, "" if is_empty(value) else content_text(value) or str(value)]
    if all(is_empty(record.get(column)) for _, column in text if column is not None):
        return None
    plain = len(text) == 1 and not text[0][0]
    return "".join(parts) if plain else "".join(parts).strip()


def _row(record: Record, text: str, label: str | list[str], system: str | None = None) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    if system is not None:
        turns.insert(0, {"role": "system", "content": system})
    if isinstance(label, list):
        return {"messages": turns, "ground_truth": label, **_keys(record)}
    # What `json.dumps` would write of a common row, so that it is parsed as one.
    return {"messages": [*turns, {"role": "assistant", "content": label}], **_keys(record)}


def _number(weight: Any) -> Any:
    """A weight that is written as text as a number; what is none stays, to be named."""
    try:
        return float(weight) if isinstance(weight, str) else weight
    except ValueError:
        return weight


def _keys(record: Record) -> dict[str, Any]:
    return {key: record[key] for key in GROUP_KEYS if key in record and not is_empty(record[key])}


def _label_beside(records: Sequence[Record], file: str) -> str | None:
    """The field with the label of chat rows that end with the user and have no ground truth."""
    if not _most(records, _unanswered):
        return None
    labels = profiles([{name: value for name, value in record.items() if name != "messages"} for record in records])
    try:
        return choose_label(labels, file)
    except InputError:
        return None


def _unanswered(record: Record) -> bool:
    messages = record.get("messages")
    return "ground_truth" not in record and isinstance(messages, list) and bool(messages) and not _answered(messages)


def _answered(messages: list[Any]) -> bool:
    return isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant"


def _labelled_chat(label_column: str) -> Shape:
    def convert(record: Record) -> Converted:
        try:
            label = label_text(record.get(label_column), None)
        except BadLabel as error:
            return label_error(label_column, error)
        if label is None or not label:
            return EMPTY_LABEL
        return {**record, "ground_truth": label}

    return Shape(f"chat rows with the label in `{label_column}`", convert)


def _conversation(field: str, record: Record) -> Converted:
    messages = []
    system = record.get("system") or record.get("systemInstruction") or record.get("system_instruction")
    if system:
        messages.append({"role": "system", "content": _parts_text(system)})
    turns = record.get(field)
    if not isinstance(turns, list) or not turns:
        return RowError("messages-type", field, f"found {describe(turns)}, expected a list of turns")
    for index, turn in enumerate(turns):
        if not isinstance(turn, dict):
            return RowError("message-type", f"{field}[{index}]", f"found {describe(turn)}, expected an object")
        speaker = turn.get("from", turn.get("role"))
        role = _SPEAKERS.get(str(speaker).lower())
        if role is None:
            return RowError("role", f"{field}[{index}].from", f"found {describe(speaker)}, expected human or gpt")
        content = turn.get("value", turn.get("content", turn.get("parts")))
        messages.append({"role": role, "content": _parts_text(content)})
    return {"messages": messages, **_keys(record)}


def _parts_text(content: Any) -> Any:
    """A text, or that of `parts`; what is none stays, to be named."""
    if isinstance(content, dict) and "parts" in content:
        content = content["parts"]
    if isinstance(content, dict):
        return content.get("text")
    return content_text(content) or None if isinstance(content, list) else content


def _prompt_and_completion(record: Record) -> Converted:
    return {"messages": [*(record.get("prompt") or ()), *(record.get("completion") or ())], **_keys(record)}


def _preferred(record: Record) -> Converted:
    return {"messages": [*(_messages("input", record) or ()), *(record.get("preferred_output") or ())], **_keys(record)}


def _inner_chat(field: str, record: Record) -> Converted:
    inner = record.get(field)
    truth = {name: inner[name] for name in ("ground_truth",) if isinstance(inner, dict) and name in inner}
    return {"messages": _messages(field, record), **truth, **_keys(record)}


def _messages(field: str, record: Record) -> Any:
    inner = record.get(field)
    return inner.get("messages") if isinstance(inner, dict) else None
