"""Decision form of a prompt: the same labels as options of a question, answered by probabilities and no text.

A single label is one choice; several labels are one yes-or-no question each, in one request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fw_assets.classification.dataset.chat import content_text, input_turns, read_turns
from fw_assets.classification.errors import input_error
from fw_assets.classification.label_thresholds import NOT_FITTED
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.values import Frozen

MAX_OPTIONS = 208
CHOICE_ID = "label"


class DecisionQuestion(Frozen):
    """A choice among `options`, some of which have descriptions; where there are none, whether `label` applies."""

    instructions: str
    options: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = {}
    label: str = ""

    @property
    def criteria(self) -> dict[str, str]:
        # A description is a text everywhere, and may be null in some places only.
        if not self.options:
            return {"true": self.label}
        return {option: self.descriptions.get(option) or option for option in self.options}


def decision_prompt(prompt: Prompt, *, field: str = "inference") -> Prompt:
    """The prompt, asked as a decision.

    Args:
        field: of the session, that asks for it.

    Raises:
        InputError: its labels cannot be options.
    """
    what = "`inference: decision`" if field == "inference" else "the arm `decision`"
    advice = f"Leave {what} out, or change the labels."
    if prompt.fields:
        raise input_error("a decision names labels, and these answers have several fields", field=field, advice=advice)
    if not prompt.multi_label and len(prompt.labels) < 2:
        message = f"a decision has 2 options or more, and there are {len(prompt.labels)} labels"
        raise input_error(message, field=field, advice=advice)
    trimmed = {label.strip() for label in prompt.labels}
    if len(trimmed) < len(prompt.labels) or "" in trimmed:
        message = "the options of a decision are told apart by more than spaces, and some labels are not"
        raise input_error(message, field=field, advice=advice)
    return prompt.model_copy(update={"mode": "decision"})


def in_reverse(prompt: Prompt) -> Prompt:
    """The same question with its options in the other order."""
    answers = None if prompt.answers is None else prompt.answers[::-1]
    return prompt.model_copy(update={"labels": prompt.labels[::-1], "answers": answers})


def decision_state(messages: str) -> str | list[dict[str, str]]:
    """What is decided about: the text of a single user turn, else all turns before the answer."""
    turns = [
        {"role": str(turn.get("role")), "content": content_text(turn.get("content"))}
        for turn in input_turns(read_turns(messages))
    ]
    return turns[0]["content"] if len(turns) == 1 and turns[0]["role"] == "user" else turns


def decision_questions(prompt: Prompt) -> dict[str, DecisionQuestion]:
    """The questions by their ids, in the order of the labels."""
    if not prompt.multi_label:
        text = "Which of the options is the label of this conversation?"
        return {
            CHOICE_ID: DecisionQuestion(
                instructions=text, options=prompt.labels, descriptions=dict(prompt.descriptions)
            )
        }
    descriptions = dict(prompt.descriptions)
    return {
        f"{CHOICE_ID}_{index}": DecisionQuestion(
            instructions="Does this label apply to the conversation?",
            label=f"{label}: {descriptions[label]}" if label in descriptions else label,
        )
        for index, label in enumerate(prompt.labels)
    }


def decision_body(prompt: Prompt, messages: str) -> dict[str, Any]:
    """The body of a request to /systemone, without `model`."""
    questions: dict[str, Any] = {}
    for id, question in decision_questions(prompt).items():
        kind = "choice" if question.options else "noul"
        questions[id] = {"type": kind, "instructions": question.instructions, "criteria": question.criteria}
    return {"state": decision_state(messages), "questions": questions}


def decided_labels(prompt: Prompt, probabilities: Mapping[str, float]) -> tuple[str, ...]:
    """The labels that the probabilities give: the most probable one, or all that reach their thresholds."""
    if prompt.multi_label:
        # Of many labels the least probable ones may be missing.
        ordered = {label: probabilities.get(label, 0.0) for label in prompt.labels}
        return (prompt.thresholds or NOT_FITTED).given(ordered)
    best = max(map(probabilities.__getitem__, prompt.labels))
    return (next(label for label in prompt.labels if probabilities[label] == best),)


def decided_confidence(prompt: Prompt, probabilities: Mapping[str, float]) -> float:
    """The probability of exactly these labels; of several, as if each were independent of the others."""
    if prompt.multi_label:
        given = frozenset(decided_labels(prompt, probabilities))
        return math.prod(p if label in given else 1 - p for label, p in probabilities.items())
    return max(probabilities.values())


def decided_anew(prompt: Prompt, completion: Completion) -> Completion:
    """A decision about several labels by the thresholds of `prompt`; as it is where it tells no probabilities."""
    probabilities = completion.probabilities
    if not prompt.multi_label or not probabilities or completion.error is not None:
        return completion
    text = prompt.render(decided_labels(prompt, probabilities))
    confidence = decided_confidence(prompt, probabilities)
    return completion.model_copy(update={"text": text, "confidence": confidence})


def longest_options(prompt: Prompt, number: int) -> Prompt:
    """The question among the labels that take most text, for counting tokens of a shortlist at most."""
    sizes = {label: len(label) + len(prompt.meaning(label)) for label in prompt.labels}
    return prompt.among(sorted(prompt.labels, key=lambda label: -sizes[label])[:number])


def questions_text(prompt: Prompt) -> str:
    """All that the questions say, for counting tokens: a label is its option's name and its description."""
    return "\n".join(
        f"{question.instructions} {names} {meanings}"
        for question in decision_questions(prompt).values()
        for names, meanings in [("\n".join(question.options) or question.label, "\n".join(question.criteria.values()))]
    )
