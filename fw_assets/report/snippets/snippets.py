"""Code that asks the winner for a label: a `fireworks-ai` program and a curl call, both ready to run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.scope.abstention import Abstention, abstention
from fw_assets.report.formatting import percent
from fw_assets.report.schema.confidence import ConfidenceResult
from fw_assets.report.schema.report import Snippets
from fw_assets.report.snippets.python_source import Name, literal, one_line, printable
from fw_assets.report.snippets.two_stage import Stages, ask_function, predict_body, questions

PLATFORM_URL = "https://api.fireworks.ai"
_STRUCTURED = "structured_outputs"
_KEY = 'os.environ["FIREWORKS_API_KEY"]'


class _Selective(NamedTuple):
    """When a program returns None: `wanted` is the precision that its threshold is for, None where it is for scope."""

    abstention: Abstention
    wanted: float | None


def _selective(confidence: ConfidenceResult | None, scope_cutoff: float | None) -> _Selective | None:
    """The program's threshold; None without any."""
    calibration, precise_from = None, None
    if confidence is not None:
        precise_from = confidence.threshold
        if confidence.helps:
            scale = {"temperature": confidence.temperature, "shift": confidence.shift}
            calibration = Calibration(**scale, rows=confidence.validation_rows, loss_before=0.0, loss_after=0.0)
    found = abstention(calibration, precise_from, scope_cutoff)
    if found.threshold is None:
        return None
    return _Selective(found, None if found.of_scope or confidence is None else confidence.wanted_precision)


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
    selective = _selective(confidence, scope_cutoff)
    if selective is not None:
        body = {**body, "logprobs": True}
    messages, text = _split_messages(body)
    arguments = [f"api_key=os.environ[{one_line('FIREWORKS_API_KEY')}]", f"account_id={one_line(account)}"]
    if base_url is not None:
        arguments.append(f"base_url={one_line(base_url.rstrip('/'))}")
    client = [
        "from fireworks import Fireworks  # pip install fireworks-ai",
        "",
        f"client = Fireworks({', '.join(arguments)})",
    ]
    options = _options(body)
    if server is not None:
        key_of = f"os.environ.get({one_line(server.key_variable)}, {one_line('none')})"
        client = [
            "from openai import OpenAI  # pip install openai",
            "",
            f"client = OpenAI(base_url={one_line(server.url)}, api_key={key_of})",
        ]
    properties = _properties(body)
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
        *(_threshold(selective) if selective else []),
        "",
        "",
        *(ask_function(answer, told=selective is not None) if stages else []),
        f"def predict(text: str) -> {_type(body)}{' | None' if selective else ''}:",
        *(
            [f'    """The {said}; None where the model is not sure enough and a person should look."""']
            if selective
            else []
        ),
        *(
            predict_body(_none_below(selective, "") if selective else [])
            if stages
            else _ask_once(messages, options, answer, selective)
        ),
        "",
        "",
        f"EXAMPLE = {literal(text)}",
        "print(predict(sys.argv[1] if len(sys.argv) > 1 else EXAMPLE))",
    ]
    return "\n".join(lines) + "\n"


def decision_snippets(
    *,
    model: str,
    body: Mapping[str, Any],
    base_url: str | None = None,
    before: Sequence[str] = (),
    confidence: ConfidenceResult | None = None,
    scope_cutoff: float | None = None,
    server: ModelEndpoint | None = None,
) -> Snippets:
    """Both snippets for a decision; `body` is one of /systemone without `model`. The program needs no package."""
    url = f"{server.url}/systemone" if server else f"{(base_url or PLATFORM_URL).rstrip('/')}/inference/v1/systemone"
    key = f"os.environ.get({one_line(server.key_variable)}, {one_line('none')})" if server else _KEY
    state, questions = body["state"], body["questions"]
    earlier, text = _split_messages({"messages": state}) if isinstance(state, list) else ([], state)
    several = {id: item["criteria"]["true"] for id, item in questions.items() if item["type"] == "noul"}
    selective = _selective(confidence, scope_cutoff)
    sent = [*earlier, {"role": "user", "content": Name("text")}] if earlier else Name("text")
    kind = "list[str]" if several else "str"
    chosen = (
        [
            '    applies = {label: answers[id]["noul"] for id, label in LABELS.items()}',
            "    label = [label for label, probability in applies.items() if probability >= 0.5]",
            "    probability = math.prod(max(p, 1 - p) for p in applies.values())",
        ]
        if several
        else [
            '    probabilities = answers["label"]["probabilities"]',
            "    label = max(probabilities, key=probabilities.get)",
            "    probability = probabilities[label]",
        ]
    )
    lines = [
        "import json",
        *(["import math"] if selective or several else []),
        "import os",
        "import sys",
        "import urllib.request",
        "",
        f"URL = {one_line(url)}",
        f"MODEL = {one_line(model)}",
        *f"QUESTIONS = {literal(questions)}".split("\n"),
        *(f"LABELS = {literal(several)}".split("\n") if several else []),
        *(_threshold(selective) if selective else []),
        "",
        "",
        f"def predict(text: str) -> {kind}{' | None' if selective else ''}:",
        *(
            ['    """The label; None where the model is not sure enough and a person should look."""']
            if selective
            else []
        ),
        f"    state = {literal(sent, 1)}",
        '    body = json.dumps({"model": MODEL, "state": state, "questions": QUESTIONS}).encode()',
        "    headers = {",
        f'        "Authorization": "Bearer " + {key},',
        '        "Content-Type": "application/json",',
        '        "User-Agent": "decisions",',
        "    }",
        "    with urllib.request.urlopen(urllib.request.Request(URL, body, headers)) as reply:",
        '        answers = json.load(reply)["answers"]',
        *chosen,
        *(_none_below(selective, "math.log(max(probability, 1e-300))") if selective else []),
        "    return label",
        "",
        "",
        f"EXAMPLE = {literal(text)}",
        "print(predict(sys.argv[1] if len(sys.argv) > 1 else EXAMPLE))",
    ]
    return Snippets(
        python="\n".join(lines) + "\n",
        curl=curl_snippet(model=model, body=body, base_url=base_url, path="systemone", server=server),
        before=tuple(before),
    )


def curl_snippet(
    *,
    model: str,
    body: Mapping[str, Any],
    base_url: str | None = None,
    path: str = "chat/completions",
    server: ModelEndpoint | None = None,
) -> str:
    """The same request for a shell. The body is a quoted here-document, in which the shell expands nothing."""
    url = f"{server.url}/{path}" if server else f"{(base_url or PLATFORM_URL).rstrip('/')}/inference/v1/{path}"
    variable = server.key_variable if server else "FIREWORKS_API_KEY"
    content = json.dumps({"model": model, **body}, indent=2, ensure_ascii=False)
    content = printable(content, lambda character: json.dumps(character)[1:-1])
    return "\n".join(
        [
            # Retries: a deployment that was scaled to zero answers 503 until it is up again.
            f"curl --fail --silent --show-error --retry 8 {_shell(url)} \\",
            f'  -H "Authorization: Bearer ${variable}" \\',
            '  -H "Content-Type: application/json" \\',
            # No line of indented JSON starts with a letter, so none can end the here-document.
            "  --data-binary @- <<'BODY'",
            content,
            "BODY",
            "",
        ]
    )


def _ask_once(messages: list[Any], options: Mapping[str, Any], answer: str, selective: _Selective | None) -> list[str]:
    return [
        "    reply = client.chat.completions.create(",
        "        model=MODEL,",
        *_argument("messages", [*messages, {"role": "user", "content": Name("text")}]),
        *(line for name, value in options.items() for line in _argument(name, value)),
        "    )",
        *(_return_none_below_threshold(selective) if selective else []),
        '    answer = reply.choices[0].message.content or ""',
        f"    return {answer}",
    ]


def _seconds(stages: Stages, told: bool) -> Stages:
    """The second requests as the SDK takes them, without the text to label."""
    return {
        top: second
        if isinstance(second, str)
        else {"messages": _split_messages(second)[0], **_options(second), **({"logprobs": True} if told else {})}
        for top, second in stages.items()
    }


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the SDK is given beside model and messages."""
    options = {key: value for key, value in body.items() if key != "messages"}
    if _STRUCTURED in options:  # no argument of the SDK
        options["extra_body"] = {_STRUCTURED: options.pop(_STRUCTURED)}
    return options


# The calibration of `classification/metrics/calibration.py`.
def _return_none_below_threshold(selective: _Selective) -> list[str]:
    return _none_below(selective, "sum(token.logprob for token in reply.choices[0].logprobs.content)")


def _none_below(selective: _Selective, logprob: str) -> list[str]:
    calibrated = [
        "    raw = min(max(math.exp(logprob), 1e-6), 1 - 1e-6)",
        "    confidence = 1 / (1 + math.exp(-(math.log(raw / (1 - raw)) / TEMPERATURE + SHIFT)))",
    ]
    return [
        *([f"    logprob = {logprob}"] if logprob else []),
        *(calibrated if selective.abstention.calibration else ["    confidence = math.exp(logprob)"]),
        "    if confidence < THRESHOLD:",
        "        return None",
    ]


def _threshold(selective: _Selective) -> list[str]:
    if selective.wanted is None:
        why = "# Below this confidence a text is taken to belong to no label, as the validation rows show."
    else:
        precision = percent(selective.wanted, 0)
        why = f"# From this confidence on, at least {precision} of the answers are right, as the validation rows show."
    scale, threshold = selective.abstention.calibration, selective.abstention.threshold
    if scale is None:
        return [why, f"THRESHOLD = {threshold:.6g}"]
    values = f"{scale.temperature:.6g}, {scale.shift:.6g}, {threshold:.6g}"
    return [why, f"TEMPERATURE, SHIFT, THRESHOLD = {values}"]


def _split_messages(body: Mapping[str, Any]) -> tuple[list[Any], str]:
    messages = list(body["messages"])
    if not messages or messages[-1].get("role") != "user":
        raise ValueError("the last message of a request must be the user's")
    return messages[:-1], content_text(messages[-1]["content"])


def _properties(body: Mapping[str, Any]) -> list[str]:
    """The keys of the object that the request asks for; none where it asks for a text."""
    schema = _schema(body)
    return list(schema.get("properties", {})) if schema else []


def _type(body: Mapping[str, Any]) -> str:
    schema = _schema(body)
    kinds = [value.get("type") for value in schema.get("properties", {}).values()] if schema else []
    if len(kinds) > 1:
        return "dict[str, object]"
    return "list[str]" if kinds == ["array"] else "str"


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(schema := (body.get(_STRUCTURED) or {}).get("json"), Mapping):
        return schema
    response_format = body.get("response_format") or {}
    if response_format.get("type") != "json_schema":
        return None
    named = response_format.get("json_schema") or {}
    schema = named.get("schema", named)
    return schema if isinstance(schema, Mapping) else None


def _argument(name: str, value: Any) -> list[str]:
    return textwrap.indent(f"{name}={literal(value)},", " " * 8).split("\n")


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
