"""Two-stage question: first what stands at the top of the labels, then the label among those below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.errors import input_error
from fw_assets.classification.labels.extraction_rules import RULES
from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt, answer_tokens, system_text
from fw_assets.classification.taxonomy.label_tree import label_tree


def two_stage_prompt(prompt: Prompt, parents: Mapping[str, str] | None) -> Prompt:
    """The prompt, asked in two stages.

    Args:
        parents: of labels that are no paths.

    Raises:
        InputError: its labels have no levels.
    """
    several = prompt.multi_label or prompt.fields
    tree = None if several else label_tree(prompt.labels, parents)
    if tree is None:
        paths = "they are no paths such as `billing/refund`, and none has a parent"
        why = "rows have several answers" if several else paths
        message = f"the arm `two-stage` asks for the parent first, and the labels have no levels: {why}"
        raise input_error(message, field="arms", advice="Leave it out, or give labels a parent.")
    below: dict[str, list[str]] = {}
    for label in prompt.labels:
        below.setdefault(tree.above(label, 1), []).append(label)
    return prompt.model_copy(update={"stages": tuple((top, tuple(labels)) for top, labels in below.items())})


def first_question(prompt: Prompt) -> Prompt:
    """The question for the top."""
    return _question(prompt, [top for top, _ in prompt.stages])


def second_question(prompt: Prompt, top: str) -> Prompt | None:
    """The question for the label below a top; None where there is one alone."""
    labels = labels_below(prompt, top)
    return _question(prompt, labels) if len(labels) > 1 else None


def longest_questions(prompt: Prompt) -> tuple[Prompt, ...]:
    """What a row is asked: both questions, the second below the top that has the longest, or the prompt where it has no
    stages."""
    if not prompt.stages:
        return (prompt,)
    seconds = [second for top, _ in prompt.stages if (second := second_question(prompt, top)) is not None]
    longest = sorted(seconds, key=lambda second: len(second.system or ""))[-1:]
    return first_question(prompt), *longest


def labels_below(prompt: Prompt, top: str) -> tuple[str, ...]:
    return dict(prompt.stages)[top]


def stated_top(question: Prompt, completion: Completion) -> str | None:
    """The top that the answer to the first question states; None where it states none."""
    answer = parse_answer(question, completion)
    return answer.labels[0] if answer.labels else None


def _question(prompt: Prompt, labels: Sequence[str]) -> Prompt:
    answers = None
    if prompt.answers is not None:
        rule = RULES.get(prompt.rule)  # labels that stand beside the rows, as ground truth, have none
        answers = tuple(rule.write(label, prompt.key) if rule else label for label in labels)
    asked = prompt.model_copy(update={"labels": tuple(labels), "answers": answers, "stages": ()})
    tokens = max(answer_tokens(asked), prompt.max_tokens)
    return asked.model_copy(update={"system": system_text(asked), "max_tokens": tokens})
