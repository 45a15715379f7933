"""Code for the model that the report recommends: deployed, kept as it is, or free."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fw_assets.classification.arms.two_stage import first_question, second_question
from fw_assets.classification.dataset.chat import Turn, content_text, input_turns, read_turns
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.prompting.decision import decision_body
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.request_form import RequestForm
from fw_assets.report.assembly.candidates import CandidateInputs, same_model
from fw_assets.report.formatting import clip, short, valid_unicode
from fw_assets.report.schema.confidence import ConfidenceResult
from fw_assets.report.schema.report import Run, Snippets
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.report.snippets.decision_program import decision_snippets
from fw_assets.report.snippets.snippets import make_snippets
from fw_assets.report.snippets.two_stage import Stages

PLAIN = "The text to label"
MAX_TEXT = 300
"""Characters of the example's text; what is longer is cut."""
MAX_TURNS = 2_000
"""Characters of an example's earlier turns; a longer conversation is shown by its last text alone."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What answers requests. `address` is what they name as their model, at `endpoint`.

    Attributes:
        model: the candidate's name (its base's, where it is fine-tuned).
        deployed: by this run; otherwise it is kept as it is.
        few_shot: whether examples stand before each text.
        server, form: the endpoint that serves, and how it is asked; None where the platform serves.
    """

    address: str
    endpoint: str
    model: str
    kind: Literal["base", "tuned"]
    deployed: bool
    server: ModelEndpoint | None = None
    form: RequestForm | None = None
    few_shot: bool = False


def recommended_code(
    prompt: Prompt | None,
    served: Served | None,
    run: Run,
    example: str | None,
    before: Sequence[str],
    confidence: ConfidenceResult | None,
    *,
    predict: str,
    free: str | None,
    cascade: bool = False,
    scope_cutoff: float | None = None,
) -> Snippets | None:
    """Code for what serves, and for the free model; None where there is neither.

    Args:
        example: the messages (JSON array) of a row that is asked.
        predict: the command that asks for the label of a text, without the text.
        free: the name of the free model that the one in use was compared with.
        scope_cutoff: as for `make_snippets`.
        cascade: whether a free model first, and what serves after it, is recommended.
    """
    turns = input_turns(read_turns(example)) if example else []
    text = _text(turns)
    commands = []
    if served is not None and predict:
        commands.append(f"{predict} {_argument(text)}")
    if cascade and predict:
        commands.insert(0, f"{predict} --cascade {_argument(text)}  # a free model first, then this one if not sure")
    if free is not None and predict:
        commands.append(f"{predict} --free {_argument(text)}  # {free}, which asks no platform")
    if prompt is None or served is None:
        return Snippets(python="", curl="", commands=tuple(commands)) if commands else None
    if prompt.shortlist is not None:
        return Snippets(python="", curl="", commands=tuple(commands), without_code=_by_shortlist(served, prompt))
    earlier = turns[:-1] if text != PLAIN else []
    body = _body(first_question(prompt) if prompt.stages else prompt, earlier, text, whole=served.few_shot)
    form = (served.form or RequestForm()).body if served.server else dict
    stages = _stages(prompt, lambda asked: form(_body(asked, earlier, text, whole=False))) if prompt.stages else None
    if prompt.mode == "decision":
        snippets = decision_snippets(
            model=served.server.model if served.server else served.address,
            body=body,
            base_url=run.base_url,
            before=() if served.server else before,
            confidence=confidence,
            scope_cutoff=scope_cutoff,
            server=served.server,
            labels=prompt.labels if prompt.multi_label else (),
            thresholds=prompt.thresholds,
        )
    elif served.server is not None:
        snippets = make_snippets(
            model=served.server.model,
            body=form(body),
            account="",
            server=served.server,
            confidence=confidence,
            scope_cutoff=scope_cutoff,
            stages=stages,
        )
    else:
        snippets = make_snippets(
            model=served.address,
            body=body,
            account=run.account or "",
            base_url=run.base_url,
            before=before,
            confidence=confidence,
            scope_cutoff=scope_cutoff,
            stages=stages,
        )
    kind = "fine-tuned" if served.kind == "tuned" else "as it is"
    asks = f"{short(served.model)}, {kind}{', deployed' if served.deployed else ''}"
    if prompt.stages:
        asks += ", in two requests: for what stands at the top of the labels, then for the label below it"
    if served.few_shot:
        asks += ", with the examples of this text; each text has its own, which `fw-assets predict` chooses"
    return snippets.model_copy(
        update={
            "asks": asks,
            "model": served.server.model if served.server else served.address,
            "endpoint": served.endpoint,
            "commands": tuple(commands),
        }
    )


def free_first(snippets: Snippets) -> Snippets:
    """The code where the free model is recommended: its command, the last, stands first and says so."""
    *others, free = snippets.commands or ("",)
    return snippets.model_copy(update={"commands": (f"{free}; recommended", *others)}) if free else snippets


def _by_shortlist(served: Served, prompt: Prompt) -> str:
    most = prompt.shortlist.options if prompt.shortlist else len(prompt.labels)
    return (
        f"There is no code for a program: {short(served.model)} takes {most:,} of the {len(prompt.labels):,} labels at "
        "once, and the sentence encoder that chooses them for each text, from the training rows, runs in "
        "`fw-assets predict`."
    )


def confidence_of(served: Served | None, candidates: Sequence[CandidateInputs]) -> ConfidenceResult | None:
    """Calibration of what serves; None where nothing does, or without confidences."""
    for item in candidates:
        if served is not None and same_model(item.model, served.model):
            return (item.tuned_diagnostics if served.kind == "tuned" else item.base_diagnostics).confidence
    return None


def scope_cutoff_of(served: Served | None, scope: Sequence[ScopeResult]) -> float | None:
    """The confidence below which what serves takes a text to belong to no label; None where that was not chosen."""
    for item in scope:
        kind = "tuned" if item.kind == "fine-tuned" else item.kind
        if served is not None and kind == served.kind and same_model(item.model, served.model):
            return item.figures.cutoff
    return None


def _text(turns: list[Turn]) -> str:
    text = content_text(turns[-1].get("content")) if turns and turns[-1].get("role") == "user" else ""
    if not text.strip():
        return PLAIN
    text = valid_unicode(text)
    return text if len(text) <= MAX_TEXT else clip(text, MAX_TEXT)


def _body(prompt: Prompt, earlier: list[Turn], text: str, *, whole: bool) -> dict[str, Any]:
    """The request for a text after the example's earlier turns.

    Args:
        whole: whether these stay however long they are.
    """
    asked = {"role": "user", "content": text}
    opening = [turn for turn in earlier[:1] if turn.get("role") == "system"]
    if not whole and len(json.dumps(earlier[len(opening) :])) > MAX_TURNS:
        earlier = opening
    messages = json.dumps([*earlier, asked])
    if prompt.mode == "decision":
        return decision_body(prompt, messages)
    body = request(prompt, messages)
    # The evaluation asks for token probabilities; who asks for a label does not need them.
    body.pop("logprobs", None)
    return body


def _stages(prompt: Prompt, body: Callable[[Prompt], dict[str, Any]]) -> Stages:
    """The second requests by the answer to the first."""
    first = first_question(prompt)

    def said(asked: Prompt, label: str) -> str:
        return label if asked.answers is None else asked.render([label])

    stages: dict[str, Mapping[str, Any] | str] = {}
    for top, labels in prompt.stages:
        second = second_question(prompt, top)
        stages[said(first, top)] = said(prompt, labels[0]) if second is None else body(second)
    return stages


def _argument(text: str) -> str:
    """A text as one argument of a shell command that may begin with a dash."""
    line = " ".join(text.split())
    return f"-- {shlex.quote(line)}" if line.startswith("-") else shlex.quote(line)
