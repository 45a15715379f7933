"""Code that asks the winner for a label: a `fireworks-ai` program and a curl call, both ready to run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.report.schema.confidence import ConfidenceResult
from fw_assets.report.schema.report import Snippets
from fw_assets.report.snippets.curl import curl_snippet
from fw_assets.report.snippets.python_source import Name, literal, one_line
from fw_assets.report.snippets.request_body import answer_type, properties_of, sdk_options, split_messages
from fw_assets.report.snippets.selective import (
    Selective,
    none_below,
    return_none_below_threshold,
    selective_of,
    threshold_lines,
)
from fw_assets.report.snippets.two_stage import Stages, ask_function, predict_body, questions


def make_snippets(
    *,
    model: str,
    body: Mapping[str, Any],
    account: str,
    base_url: str | None = None,
    before: Sequence[str] = (),
    confidence: ConfidenceResult | None = None,
    scope_cutoff: float | None = None,
    server: ModelEndpoint | None = None,
    stages: Stages | None = None,
) -> Snippets:
    """Both snippets for the request `body`, which is a chat-completions body without `model`.

    Args:
        model: the address that requests name, e.g. `accounts/a/models/m#accounts/a/deployments/d`.
        body: its `messages` end with the user turn to label; the program takes that text as its argument.
        base_url: of a platform other than the public host. The SDK then calls `<base>/v1/chat/completions`;
            the public path, which curl uses, is `/inference/v1/chat/completions` on both.
        before: shell lines to run first, such as starting the server and exporting the key.
        confidence: calibration of the model; where it has a threshold, the program returns None below it.
        scope_cutoff: the model's own confidence below which a text is taken to belong to no label: None likewise.
        server: the endpoint that is asked in place of the platform, by a program on the `openai` SDK.
        stages: the second requests, where `body` is the first of two; curl sends the first.
    """
    return Snippets(
        python=python_snippet(
            model=model,
            body=body,
            account=account,
            base_url=base_url,
            confidence=confidence,
            scope_cutoff=scope_cutoff,
            server=server,
            stages=stages,
        ),
        curl=curl_snippet(model=model, body=body, base_url=base_url, server=server),
        before=tuple(before),
    )


def python_snippet(
    *,
    model: str,
    body: Mapping[str, Any],
    account: str,
    base_url: str | None = None,
    confidence: ConfidenceResult | None = None,
    scope_cutoff: float | None = None,
    server: ModelEndpoint | None = None,
    stages: Stages | None = None,
) -> str:
    """A program on the `fireworks-ai` SDK, or for an endpoint on `openai`; the key comes from the environment."""
    selective = selective_of(confidence, scope_cutoff)
    if selective is not None:
        body = {**body, "logprobs": True}
    messages, text = split_messages(body)
    arguments = [f"api_key=os.environ[{one_line('FIREWORKS_API_KEY')}]", f"account_id={one_line(account)}"]
    if base_url is not None:
        arguments.append(f"base_url={one_line(base_url.rstrip('/'))}")
    client = [
        "from fireworks import Fireworks  # pip install fireworks-ai",
        "",
        f"client = Fireworks({', '.join(arguments)})",
    ]
    options = sdk_options(body)
    if server is not None:
        key_of = f"os.environ.get({one_line(server.key_variable)}, {one_line('none')})"
        client = [
            "from openai import OpenAI  # pip install openai",
            "",
            f"client = OpenAI(base_url={one_line(server.url)}, api_key={key_of})",
        ]
    properties = properties_of(body)
    said = "fields" if len(properties) > 1 else "label"
    key = properties[0] if len(properties) == 1 else None
    answer = "json.loads(answer)[KEY]" if key else "json.loads(answer)" if properties else "answer"
    lines = [
        *(["import json"] if properties else []),
        *(["import math"] if selective else []),
        "import os",
        "import sys",
        "",
        *client,
        f"MODEL = {one_line(model)}",
        *([f"KEY = {one_line(key)}"] if key else []),
        *(questions({"messages": messages, **options}, _seconds(stages, selective is not None)) if stages else []),
        *(threshold_lines(selective) if selective else []),
        "",
        "",
        *(ask_function(answer, told=selective is not None) if stages else []),
        f"def predict(text: str) -> {answer_type(body)}{' | None' if selective else ''}:",
        *(
            [f'    """The {said}; None where the model is not sure enough and a person should look."""']
            if selective
            else []
        ),
        *(
            predict_body(none_below(selective, "") if selective else [])
            if stages
            else _ask_once(messages, options, answer, selective)
        ),
        "",
        "",
        f"EXAMPLE = {literal(text)}",
        "print(predict(sys.argv[1] if len(sys.argv) > 1 else EXAMPLE))",
    ]
    return "\n".join(lines) + "\n"


def _ask_once(messages: list[Any], options: Mapping[str, Any], answer: str, selective: Selective | None) -> list[str]:
    return [
        "    reply = client.chat.completions.create(",
        "        model=MODEL,",
        *_argument("messages", [*messages, {"role": "user", "content": Name("text")}]),
        *(line for name, value in options.items() for line in _argument(name, value)),
        "    )",
        *(return_none_below_threshold(selective) if selective else []),
        '    answer = reply.choices[0].message.content or ""',
        f"    return {answer}",
    ]


def _seconds(stages: Stages, told: bool) -> Stages:
    """The second requests as the SDK takes them, without the text to label."""
    return {
        top: second
        if isinstance(second, str)
        else {"messages": split_messages(second)[0], **sdk_options(second), **({"logprobs": True} if told else {})}
        for top, second in stages.items()
    }


def _argument(name: str, value: Any) -> list[str]:
    return textwrap.indent(f"{name}={literal(value)},", " " * 8).split("\n")
