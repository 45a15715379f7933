"""A curl call that sends a request, for a shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.report.snippets.python_source import printable

PLATFORM_URL = "https://api.fireworks.ai"


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


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
