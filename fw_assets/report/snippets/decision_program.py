"""Code that asks for a decision: a program without any package, and a curl call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.classification.label_thresholds import NOT_FITTED, LabelThresholds
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.report.schema.confidence import ConfidenceResult
from fw_assets.report.schema.report import Snippets
from fw_assets.report.snippets.curl import PLATFORM_URL, curl_snippet
from fw_assets.report.snippets.python_source import Name, literal, one_line
from fw_assets.report.snippets.request_body import split_messages
from fw_assets.report.snippets.selective import none_below, selective_of, threshold_lines

_KEY = 'os.environ["FIREWORKS_API_KEY"]'


def decision_snippets(
    *,
    model: str,
    body: Mapping[str, Any],
    base_url: str | None = None,
    before: Sequence[str] = (),
    confidence: ConfidenceResult | None = None,
    scope_cutoff: float | None = None,
    server: ModelEndpoint | None = None,
    labels: Sequence[str] = (),
    thresholds: LabelThresholds | None = None,
) -> Snippets:
    """Both snippets for a decision; the program needs no package.

    Args:
        body: one of /systemone without `model`.
        labels: where rows may have several, in the order of the questions.
        thresholds: of these labels; None gives those that are more probable than not.
    """
    url = f"{server.url}/systemone" if server else f"{(base_url or PLATFORM_URL).rstrip('/')}/inference/v1/systemone"
    key = f"os.environ.get({one_line(server.key_variable)}, {one_line('none')})" if server else _KEY
    state, questions = body["state"], body["questions"]
    earlier, text = split_messages({"messages": state}) if isinstance(state, list) else ([], state)
    asked = zip(questions, labels, strict=True) if labels else ()
    levels = (thresholds or NOT_FITTED).of(labels)
    several = {id: (label, level) for (id, label), level in zip(asked, levels, strict=True)}
    fills = bool(several) and thresholds is not None and not thresholds.allow_empty
    selective = selective_of(confidence, scope_cutoff)
    sent = [*earlier, {"role": "user", "content": Name("text")}] if earlier else Name("text")
    kind = "list[str]" if several else "str"
    chosen = (
        [
            '    applies = {label: answers[id]["noul"] for id, (label, _) in LABELS.items()}',
            "    levels = dict(LABELS.values())",
            *(["    levels[max(applies, key=applies.get)] = 0  # a text has one label at least"] if fills else []),
            "    label = [label for label, p in applies.items() if p >= levels[label]]",
            "    probability = math.prod(p if p >= levels[label] else 1 - p for label, p in applies.items())",
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
        *(threshold_lines(selective) if selective else []),
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
        *(none_below(selective, "math.log(max(probability, 1e-300))") if selective else []),
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
