"""Code that asks the winner for a label: a `fireworks-ai` program and a curl call, both ready to run."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fw_assets.classification.dataset.chat import content_text
from fw_assets.report.formatting import percent
from fw_assets.report.schema.confidence import ConfidenceResult
from fw_assets.report.schema.report import Snippets

PLATFORM_URL = "https://api.fireworks.ai"
_WIDTH = 100


def make_snippets(
    *,
    model: str,
    body: Mapping[str, Any],
    account: str,
    base_url: str | None = None,
    before: Sequence[str] = (),
    confidence: ConfidenceResult | None = None,
) -> Snippets:
    """Both snippets for the request `body`, which is a chat-completions body without `model`.

    Args:
        model: the address that requests name, e.g. `accounts/a/models/m#accounts/a/deployments/d`.
        body: its `messages` end with the user turn to label; the program takes that text as its argument.
        base_url: of a platform other than the public host. The SDK then calls `<base>/v1/chat/completions`;
            the public path, which curl uses, is `/inference/v1/chat/completions` on both.
        before: shell lines that must have been run, such as starting the server and exporting the key.
        confidence: of the model; with a threshold, the program leaves the rows below it to a person.
    """
    return Snippets(
        python=python_snippet(model=model, body=body, account=account, base_url=base_url, confidence=confidence),
        curl=curl_snippet(model=model, body=body, base_url=base_url),
        before=tuple(before),
    )


def python_snippet(
    *,
    model: str,
    body: Mapping[str, Any],
    account: str,
    base_url: str | None = None,
    confidence: ConfidenceResult | None = None,
) -> str:
    """A program on the `fireworks-ai` SDK; the key comes from the environment."""
    sure = confidence if confidence is not None and confidence.threshold is not None else None
    if sure is not None:
        body = {**body, "logprobs": True}
    messages, text = _split_messages(body)
    arguments = [f"api_key=os.environ[{_py('FIREWORKS_API_KEY')}]", f"account_id={_py(account)}"]
    if base_url is not None:
        arguments.append(f"base_url={_py(base_url.rstrip('/'))}")
    options = {key: value for key, value in body.items() if key != "messages"}
    key = _json_key(body)
    lines = [
        *(["import json"] if key else []),
        *(["import math"] if sure else []),
        "import os",
        "import sys",
        "",
        "from fireworks import Fireworks  # pip install fireworks-ai",
        "",
        f"client = Fireworks({', '.join(arguments)})",
        f"MODEL = {_py(model)}",
        *([f"KEY = {_py(key)}"] if key else []),
        *(_threshold(sure) if sure else []),
        "",
        "",
        f"def predict(text: str) -> {'list[str]' if _is_list(body) else 'str'}{' | None' if sure else ''}:",
        *(['    """The label; None where the model is not sure enough and a person should look."""'] if sure else []),
        "    reply = client.chat.completions.create(",
        "        model=MODEL,",
        *_argument("messages", [*messages, {"role": "user", "content": _Name("text")}]),
        *(line for name, value in options.items() for line in _argument(name, value)),
        "    )",
        *(_SURE if sure else []),
        '    answer = reply.choices[0].message.content or ""',
        f"    return {'json.loads(answer)[KEY]' if key else 'answer'}",
        "",
        "",
        f"EXAMPLE = {_literal(text, 0)}",
        "print(predict(sys.argv[1] if len(sys.argv) > 1 else EXAMPLE))",
    ]
    return "\n".join(lines) + "\n"


def curl_snippet(*, model: str, body: Mapping[str, Any], base_url: str | None = None) -> str:
    """The same request for a shell. The body is a quoted here-document, in which the shell expands nothing."""
    url = f"{(base_url or PLATFORM_URL).rstrip('/')}/inference/v1/chat/completions"
    content = json.dumps({"model": model, **body}, indent=2, ensure_ascii=False)
    content = _printable(content, lambda character: json.dumps(character)[1:-1])
    return "\n".join(
        [
            # A deployment that was scaled to zero answers 503 until it is up again.
            f"curl --fail --silent --show-error --retry 8 {_shell(url)} \\",
            '  -H "Authorization: Bearer $FIREWORKS_API_KEY" \\',
            '  -H "Content-Type: application/json" \\',
            # No line of indented JSON starts with a letter, so none can end the here-document.
            "  --data-binary @- <<'BODY'",
            content,
            "BODY",
            "",
        ]
    )


# Calibrated as in `classification/calibration.py`.
_SURE = (
    "    logprob = sum(token.logprob for token in reply.choices[0].logprobs.content)",
    "    raw = min(max(math.exp(logprob), 1e-6), 1 - 1e-6)",
    "    confidence = 1 / (1 + math.exp(-(math.log(raw / (1 - raw)) / TEMPERATURE + SHIFT)))",
    "    if confidence < THRESHOLD:",
    "        return None",
)


def _threshold(confidence: ConfidenceResult) -> list[str]:
    wanted = percent(confidence.wanted_precision, 0)
    return [
        f"# From this confidence on, {wanted} of the answers are right; measured on the validation rows.",
        f"TEMPERATURE, SHIFT, THRESHOLD = {confidence.temperature:.6g}, {confidence.shift:.6g}, "
        f"{confidence.threshold:.6g}",
    ]


class _Name(str):
    """A bare Python name inside a literal."""

    __slots__ = ()


def _split_messages(body: Mapping[str, Any]) -> tuple[list[Any], str]:
    messages = list(body["messages"])
    if not messages or messages[-1].get("role") != "user":
        raise ValueError("the last message of a request must be the user's")
    return messages[:-1], content_text(messages[-1]["content"])


def _json_key(body: Mapping[str, Any]) -> str | None:
    schema = _schema(body)
    properties = schema.get("properties", {}) if schema else {}
    return next(iter(properties), None)


def _is_list(body: Mapping[str, Any]) -> bool:
    schema = _schema(body)
    kinds = [value.get("type") for value in schema.get("properties", {}).values()] if schema else []
    return kinds[:1] == ["array"]


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = body.get("response_format") or {}
    if wanted.get("type") != "json_schema":
        return None
    inner = wanted.get("json_schema") or {}
    found = inner.get("schema", inner)
    return found if isinstance(found, Mapping) else None


def _argument(name: str, value: Any) -> list[str]:
    return textwrap.indent(f"{name}={_literal(value, 0)},", " " * 8).split("\n")


def _literal(value: Any, depth: int) -> str:
    """`value` as Python source, broken over lines once it is wider than a screen."""
    flat = _py(value)
    if len(flat) + 4 * depth <= _WIDTH - 20:
        return flat
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping):
        body = "".join(f"{inner}{_py(key)}: {_literal(item, depth + 1)},\n" for key, item in value.items())
        return f"{{\n{body}{outer}}}"
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return "[\n" + "".join(f"{inner}{row}\n" for row in _packed(value)) + f"{outer}]"
        return "[\n" + "".join(f"{inner}{_literal(item, depth + 1)},\n" for item in value) + f"{outer}]"
    if isinstance(value, str) and not isinstance(value, _Name):
        return "(\n" + "".join(f"{inner}{_py(part)}\n" for part in _pieces(value)) + f"{outer})"
    return flat


def _packed(items: Sequence[str]) -> list[str]:
    """The items of a list, as many to a line as fit."""
    rows = [""]
    for item in (f"{_py(item)}," for item in items):
        if rows[-1] and len(rows[-1]) + len(item) > _WIDTH - 40:
            rows.append("")
        rows[-1] += f" {item}" if rows[-1] else item
    return rows


def _pieces(text: str) -> list[str]:
    """`text` cut after line ends, else after spaces, into pieces that fit a line; joined they are `text` again."""
    pieces, rest, most = [], text, _WIDTH - 30
    while len(rest) > most:
        cut = rest.rfind("\n", 0, most) + 1 or rest.rfind(" ", 0, most) + 1 or most
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest] if rest else pieces


def _py(value: Any) -> str:
    if isinstance(value, _Name):
        return str(value)
    if isinstance(value, str):
        source = _printable(json.dumps(value, ensure_ascii=False), _python_escape)
        if '"' in value and "'" not in value:
            source = "'" + re.sub(r"\\(.)", lambda m: '"' if m[1] == '"' else m[0], source[1:-1]) + "'"
        return source
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_py(key)}: {_py(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_py(item) for item in value) + "]"
    return repr(value)


def _printable(source: str, escape: Callable[[str], str]) -> str:
    """`source` with invisible characters escaped: no direction override can disguise what the code does."""
    return "".join(c if c == "\n" or c.isprintable() else escape(c) for c in source)


def _python_escape(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
