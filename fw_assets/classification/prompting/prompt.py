"""Prompt of a dataset: one for requests to base models, requests to tuned models, and training examples."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Literal

import polars as pl

from fw_assets.classification.dataset.chat import content_text, input_turns, read_turns, with_system
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.labels.json_rules import json_answer
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.label_finder import label_finder
from fw_assets.classification.prompting.normalize import Strictness, strictness_for
from fw_assets.classification.prompting.record_text import record_bytes, record_text
from fw_assets.classification.prompting.response_format import grammar_format, record_format, schema_format
from fw_assets.classification.values import Frozen, digest

AnswerMode = Literal["grammar", "json_schema", "free", "decision"]
Calibration = Literal["none", "both"]
"""Of a base model's answers: not their model's contextual calibration, or both with it and without."""

SAMPLE_ROWS = 1000
"""Rows from which it is decided whether the conversations themselves name the labels."""
MIN_LISTED_LABELS = 4
"""Labels for which an answer with a list of them always has room, as far as the label set has so many."""
ANSWER_MARGIN = 8
"""Tokens for the end of the turn; also the step in which `max_tokens` is rounded up."""


class Shortlist(Frozen):
    """How many labels each row is asked among, and the digest of what chooses them."""

    options: int
    digest: str


class Prompt(Frozen):
    """The question that every model is asked, and the format of the answer.

    Attributes:
        system: the system message that lists the labels; None when the rows' own messages name them all.
        labels: the label set, in its order.
        answers: the answer text of each label, same order; None when answers are JSON objects.
        mode: the constraint on decoding, or a decision in place of a text; the same for every model that is compared.
        json_key: the key that holds the answer in a JSON object; None for text answers.
        rule: the dataset's extraction rule, which locates the label in a longer answer.
        key: the tag, prefix or JSON key of that rule.
        max_tokens: enough for the longest answer at one token per byte.
        reasoning_effort: sent unchanged; None leaves the field out, for models that refuse it.
        fields: of the JSON object that is the answer, where it has several; the first is the label, and `json_key` its
            name.
        calibration: sent unchanged where decoding is constrained, and never to a model that publishes none; None, the
            model's default, leaves the field out.
        descriptions: what labels mean, label and text, where the question says it: in `system`, or in a decision.
        stages: what stands at the top of the labels, each with those below it, where the top is asked for first.
        thresholds: of several labels, where each has a probability and the validation rows have chosen them.
        shortlist: of a decision, where each row is asked among some of the labels; None: among all.
    """

    system: str | None
    labels: tuple[str, ...]
    answers: tuple[str, ...] | None
    mode: AnswerMode
    json_key: str | None
    multi_label: bool
    max_tokens: int
    rule: str = "whole_message"
    key: str | None = None
    reasoning_effort: str | None = "none"
    seed: int = 0
    fields: tuple[RecordField, ...] = ()
    descriptions: tuple[tuple[str, str], ...] = ()
    calibration: Calibration | None = None
    stages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    thresholds: LabelThresholds | None = None
    shortlist: Shortlist | None = None

    @property
    def digest(self) -> str:
        """12 hex digits over everything that decides what a model is sent and how its answer is judged."""
        # Prompts without what was added later keep the digest that they had before.
        later = ("fields", "descriptions", "calibration", "stages", "thresholds", "shortlist")
        without = {name for name in later if not getattr(self, name)}
        return digest(self.model_dump(mode="json", exclude=without))

    @property
    def json_path(self) -> tuple[str, ...]:
        """The names from an answer's object to the label in it."""
        return self.fields[0].keys if self.fields else (self.json_key or "",)

    @property
    def strictness(self) -> Strictness:
        """The loosest comparison that keeps every two labels apart."""
        return strictness_for(self.labels)

    def meaning(self, label: str) -> str:
        """What a label means; empty where the question does not say it."""
        return dict(self.descriptions).get(label, "")

    def among(self, labels: Collection[str]) -> Prompt:
        """The same question among some of the labels, in their order."""
        kept = [place for place, label in enumerate(self.labels) if label in labels]
        answers = None if self.answers is None else tuple(self.answers[place] for place in kept)
        return self.model_copy(update={"labels": tuple(self.labels[place] for place in kept), "answers": answers})

    def unconstrained(self) -> Prompt:
        """The same question without constrained decoding, as a caller in production may ask it."""
        return self.model_copy(update={"mode": "free", "calibration": None})

    def calibrated(self, calibration: Calibration | None) -> Prompt:
        """The same question with another calibration of the answers."""
        return self.model_copy(update={"calibration": calibration})

    def with_thresholds(self, thresholds: LabelThresholds | None) -> Prompt:
        """The same question, whose probabilities are judged by these thresholds."""
        return self.model_copy(update={"thresholds": thresholds})

    def with_default_effort(self) -> Prompt:
        """The same question without `reasoning_effort`, for a model that refuses the field."""
        return self.model_copy(update={"reasoning_effort": None})

    def render(self, labels: Sequence[str]) -> str:
        """The answer for one row's labels, as training teaches it and evaluation expects it."""
        if self.multi_label:
            return json_answer(self.json_key or "labels", list(labels))
        (label,) = labels
        if self.answers is None:
            return json_answer(self.json_key or "label", label)
        return self.answers[self.labels.index(label)]


def make_prompt(frame: pl.DataFrame, label_set: LabelSet) -> Prompt:
    """The prompt of a dataset.

    Args:
        frame: split rows (`messages` and `labels` are read).
        label_set: the resolved labels with the dataset's answer format.

    Raises:
        ValueError: two labels have the same answer text.
    """
    if label_set.fields:
        return record_prompt(frame, label_set)
    labels, extraction = label_set.labels, label_set.extraction
    json_key = None
    if label_set.multi_label:
        json_key = extraction.object_key or "labels"
    elif extraction.rule == "json_key":
        # A nested key is part of the answers' text, which then are a grammar's literals.
        json_key = extraction.object_key or (None if extraction.key else "label")
    answers = None
    if json_key is None:
        answers = tuple(extraction.write(label) for label in labels)
        if len(set(answers)) < len(answers):
            raise ValueError("two labels are answered with the same text")
    prompt = Prompt(
        system=None,
        labels=labels,
        answers=answers,
        mode="grammar" if json_key is None else "json_schema",
        json_key=json_key,
        multi_label=label_set.multi_label,
        max_tokens=0,
        rule=extraction.rule,
        key=extraction.key,
    )
    # A list of labels is asked for as JSON whatever the format of the rows, which then do not describe it.
    own_format = (json_key is None and extraction.rule != "flags") or extraction.object_key is not None
    system = None if own_format and _rows_name_the_labels(frame, prompt) else system_text(prompt)
    return prompt.model_copy(update={"system": system, "max_tokens": _max_tokens(prompt, frame)})


def record_prompt(frame: pl.DataFrame, label_set: LabelSet) -> Prompt:
    """The prompt of a dataset whose answers are objects of several fields.

    Args:
        frame: split rows (`messages` and `record` are read).
    """
    longest = int(str(frame.get_column("record").str.len_bytes().max() or 0))
    prompt = Prompt(
        system=None,
        labels=label_set.labels,
        answers=None,
        mode="json_schema",
        json_key=label_set.fields[0].name,
        multi_label=label_set.fields[0].kind == "list",
        max_tokens=_rounded(max(longest, record_bytes(label_set.fields))),
        rule="json_key",
        key=label_set.fields[0].name,
        fields=label_set.fields,
    )
    system = None if _rows_describe_the_record(frame, prompt) else record_text(prompt.fields)
    return prompt.model_copy(update={"system": system})


def request(prompt: Prompt, messages: str) -> dict[str, Any]:
    """The body of a chat completion, without `model`; of a decision's prompt the chat that asks for the same.

    Args:
        messages: the row's JSON array of turns; a final assistant turn and training weights are left out.
    """
    body: dict[str, Any] = {
        "messages": request_turns(prompt, messages),
        "temperature": 0,
        "seed": prompt.seed,
        "max_tokens": prompt.max_tokens,
        "logprobs": True,
    }
    mode = prompt.mode
    if mode == "decision":
        mode = "json_schema" if prompt.answers is None else "grammar"
    if mode == "grammar" and prompt.answers is not None:
        body["response_format"] = grammar_format(prompt.answers)
    elif mode == "json_schema" and prompt.fields:
        body["response_format"] = record_format(prompt.fields)
    elif mode == "json_schema" and prompt.json_key is not None:
        body["response_format"] = schema_format(prompt.labels, prompt.json_key, prompt.multi_label)
    if prompt.reasoning_effort is not None:
        body["reasoning_effort"] = prompt.reasoning_effort
    if prompt.calibration is not None and prompt.mode in ("grammar", "json_schema"):
        body["calibration"] = prompt.calibration
    return body


def request_turns(prompt: Prompt, messages: str) -> list[dict[str, Any]]:
    """The `messages` of a request."""
    turns = input_turns(read_turns(messages))
    return with_system([{key: turn[key] for key in turn if key != "weight"} for turn in turns], prompt.system)


def training_example(
    prompt: Prompt, messages: str, labels: Sequence[str], weight: float | None = None, record: str | None = None
) -> dict[str, Any]:
    """One training row: the same turns as in `request`, then the answer in the same format.

    Earlier assistant turns get `weight` 0 unless they have one, so that only the answer is learned.

    Args:
        weight: the row's factor in the loss; either all rows of a file have one or none has.
        record: the whole answer, where the prompt asks for several fields.
    """
    turns = [
        {**turn, "weight": turn.get("weight", 0)} if turn.get("role") == "assistant" else turn
        for turn in input_turns(read_turns(messages))
    ]
    answer = {"role": "assistant", "content": prompt.render(labels) if record is None else record}
    example: dict[str, Any] = {"messages": [*with_system(turns, prompt.system), answer]}
    if weight is not None:
        example["weight"] = weight
    return example


def _rows_describe_the_record(frame: pl.DataFrame, prompt: Prompt) -> bool:
    """Whether every sampled row mentions each field, and each value of those that have a discrete set of them."""
    names = [text for field in prompt.fields for text in (*field.keys, *field.texts)]
    return _rows_mention(frame, tuple(dict.fromkeys(names)))


def _rows_name_the_labels(frame: pl.DataFrame, prompt: Prompt) -> bool:
    """Whether every sampled row mentions each label somewhere in the turns that a model is shown."""
    return _rows_mention(frame, prompt.labels)


def _rows_mention(frame: pl.DataFrame, names: tuple[str, ...]) -> bool:
    finder = label_finder(names, strictness_for(names))
    sample = frame.get_column("messages").gather_every(max(1, frame.height // SAMPLE_ROWS))
    in_text: dict[str, frozenset[int]] = {}
    for messages in sample:
        named: set[int] = set()
        for turn in input_turns(read_turns(messages)):
            text = content_text(turn.get("content"))
            if text not in in_text:
                in_text[text] = finder.positions(text)
            named |= in_text[text]
        if len(named) < len(names):
            return False
    return sample.len() > 0


def system_text(prompt: Prompt) -> str:
    """The system message of a prompt without fields: the task, and the labels with what is said of them."""
    if prompt.multi_label:
        shape = json_answer(prompt.json_key or "labels", ["..."])
        task = f"Answer with a JSON object {shape} that lists every label that applies, out of these (none: [])"
    elif prompt.json_key is not None:
        shape = json_answer(prompt.json_key, "...")
        task = f"Answer with a JSON object {shape} whose value is exactly one of these labels"
    else:
        task = "Answer with exactly one of these labels, spelled as shown, and nothing else"
    if prompt.descriptions:
        task += ", which are followed by what they mean"
    lines = [f"Classify the conversation. {task}:", "", *(f"- {_described(prompt, label)}" for label in prompt.labels)]
    if prompt.answers is not None and prompt.answers != prompt.labels:
        lines += [
            "",
            f"Write the label in this form, here for {_listed(prompt.labels[0])}:",
            prompt.answers[0],
        ]
    return "\n".join(lines)


def _described(prompt: Prompt, label: str) -> str:
    text = " ".join(prompt.meaning(label).split())
    if not text:
        return _listed(label)
    # A label with a colon would not show where its description begins.
    return f"{json.dumps(label, ensure_ascii=False) if ':' in label else _listed(label)}: {text}"


def _listed(label: str) -> str:
    """A label for one line of the list, quoted when its bare text would not show where it begins and ends."""
    plain = label.isprintable() and label == label.strip()
    return label if plain else json.dumps(label, ensure_ascii=False)


def _max_tokens(prompt: Prompt, frame: pl.DataFrame) -> int:
    """Bytes of the longest answer plus `ANSWER_MARGIN`; a list may have twice as many labels as any row."""
    if prompt.multi_label:
        most = int(str((frame.get_column("labels").list.len().max() if frame.height else None) or 1))
        room = min(len(prompt.labels), max(MIN_LISTED_LABELS, 2 * most))
        by_length = sorted(prompt.labels, key=lambda label: -len(label.encode()))
        longest = len(prompt.render(by_length[:room]).encode())
        return _rounded(longest)
    return answer_tokens(prompt)


def answer_tokens(prompt: Prompt) -> int:
    """Enough tokens for the longest answer with one label."""
    return _rounded(max(len(prompt.render([label]).encode()) for label in prompt.labels))


def _rounded(size: int) -> int:
    return -(-(size + ANSWER_MARGIN) // ANSWER_MARGIN) * ANSWER_MARGIN
