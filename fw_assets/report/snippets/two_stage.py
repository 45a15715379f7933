"""Parts of a program that asks in two stages: for what stands at the top of the labels, then for the label below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.report.snippets.python_source import literal

Stages = Mapping[str, Mapping[str, Any] | str]
"""By the answer to the first request: the body of the second, or the answer where there is one label alone."""


def questions(first: Mapping[str, Any], stages: Stages) -> list[str]:
    """The constants: the fields of the first request, and of the second by the answer to the first.

    Args:
        first: without `model`; the messages of all bodies lack the text to label.
    """
    return [
        *f"FIRST = {literal(first)}".split("\n"),
        *f"SECOND = {literal(dict(stages))}".split("\n"),
    ]


def ask_function(answer: str, *, told: bool) -> list[str]:
    """The function that sends one of the requests.

    Args:
        answer: the expression for the label in the text `answer`.
        told: whether the logarithm of the answer's probability is returned beside it.
    """
    logprob = "sum(token.logprob for token in reply.choices[0].logprobs.content)"
    return [
        f"def ask(question: dict, text: str) -> {'tuple[str, float]' if told else 'str'}:",
        '    messages = [*question["messages"], {"role": "user", "content": text}]',
        '    reply = client.chat.completions.create(**{**question, "model": MODEL, "messages": messages})',
        '    answer = reply.choices[0].message.content or ""',
        f"    return {answer}, {logprob}" if told else f"    return {answer}",
        "",
        "",
    ]


def predict_body(below: Sequence[str]) -> list[str]:
    """The lines of `predict`.

    Args:
        below: what returns None below the threshold, given `logprob`; empty without a threshold.
    """
    if not below:
        return [
            "    top = ask(FIRST, text)",
            "    second = SECOND.get(top, top)",
            "    return second if isinstance(second, str) else ask(second, text)",
        ]
    return [
        "    label, logprob = ask(FIRST, text)",
        "    second = SECOND.get(label, label)",
        "    if isinstance(second, str):",
        "        label = second",
        "    else:",
        "        label, more = ask(second, text)",
        "        logprob += more",
        *below,
        "    return label",
    ]
