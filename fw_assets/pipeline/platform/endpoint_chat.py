"""Chat and decisions of a session's endpoints: each server is asked in the form that its answers show it accepts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx

from fw_assets.classification.errors import input_error
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.request_form import RequestForm
from fw_assets.fireworks import (
    ApiError,
    AuthenticationError,
    BadRequest,
    ChatCompletion,
    ChatServer,
    Decision,
    Fireworks,
    NotFound,
    PermissionDenied,
    Question,
    ReasoningRefused,
    State,
    TokenLogprob,
)
from fw_assets.settings import endpoint_key

log = logging.getLogger("fw_assets.workspace")
_OF_THE_REQUEST = (400, 422)
"""Statuses that another form of the request may avoid."""
_MAX_FORMS = 24
_HANDFUL = 3
"""Requests that are refused in every form, and none accepted, after which no more are sent."""


class EndpointRefused(PermissionDenied):
    """An endpoint refuses every request."""

    advice = ""


class EndpointChat:
    """A model at an endpoint, asked in the form that its server accepts, which the first requests find out.

    Attributes:
        form: what is known to be accepted.
    """

    def __init__(self, name: str, endpoint: ModelEndpoint, server: ChatServer, form: RequestForm | None = None) -> None:
        self.form = form or RequestForm()
        self._name, self._endpoint, self._server = name, endpoint, server
        self._proven = self._answers = form is not None
        self._refused = 0

    @property
    def throttled(self) -> int:
        return self._server.throttled

    async def close(self) -> None:
        await self._server.close()

    async def chat(self, body: Mapping[str, Any]) -> ChatCompletion:
        """The completion, with the text in the form that `body` asks for.

        Raises:
            FireworksError: of the server, which no other form of the request avoids.
        """
        spent: list[ChatCompletion] = []
        while True:
            form, completion = await self._accepted(body)
            text = form.text(body, completion.text or "")
            if "response_format" in body and text is not None and form.constraint != "none":
                self._proven = True
            # Requests run beside each other: what was asked in a form that another has since given up is asked again.
            is_current = form == self.form
            if text is not None or (self._proven and is_current) or completion.finish_reason == "length":
                return _whole(completion, text, spent)
            if is_current:
                log.warning(
                    "%s: %s is taken and not followed; asked in another way from now on", self._name, form.constraint
                )
                self.form = form.weaker()
            spent.append(completion)

    async def systemone(self, state: State, questions: Mapping[str, Question]) -> Decision:
        """The decision of the model.

        Raises:
            FireworksError: of the server, such as that it has no decisions.
        """
        try:
            return await self._server.systemone(self._endpoint.model, state, questions)
        except (AuthenticationError, PermissionDenied) as error:
            raise self._explained(error) from None

    async def _accepted(self, body: Mapping[str, Any]) -> tuple[RequestForm, ChatCompletion]:
        """The first form that the server accepts, which is remembered, and the completion in it."""
        known = self.form
        forms, tried, first = [known], set[RequestForm](), None
        while forms and len(tried) < _MAX_FORMS:
            form = forms.pop(0)
            if form in tried:
                continue
            tried.add(form)
            try:
                completion = await self._server.chat({**form.body(body), "model": self._endpoint.model})
            except ReasoningRefused:
                self.form = form  # the rest of it was not what is refused
                raise
            except (BadRequest, AuthenticationError, PermissionDenied, NotFound) as error:
                if error.status not in _OF_THE_REQUEST:
                    raise self._explained(error) from None
                first = first or error
                forms += form.others(body, error.detail)
                continue
            self._answers = True
            if form not in (known, self.form):
                log.warning("%s: asked %s from now on, since its server refuses the rest", self._name, _words(form))
                self.form = form
            return form, completion
        assert first is not None
        self._refused += 1
        if not self._answers and self._refused >= _HANDFUL:
            raise self._explained(first) from None
        raise first

    def _explained(self, error: ApiError) -> EndpointRefused:
        """A refusal of every request, with what to correct."""
        endpoint = self._endpoint
        fix = f"Check the model {endpoint.model} and the URL {endpoint.url} of the endpoint."
        if error.status in (401, 403):
            fix = f"Set the variable {endpoint.key_variable} to a key of this server, or correct it."
        return EndpointRefused(error.status, f"endpoint {self._name}: {error.detail.rstrip('.')}. {fix}")


def _words(form: RequestForm) -> str:
    without = f" and without {', '.join(form.without)}" if form.without else ""
    return f"with {form.constraint}{without}" if form.constraint != "none" else f"as plain text{without}"


def _whole(completion: ChatCompletion, text: str | None, spent: Sequence[ChatCompletion]) -> ChatCompletion:
    """The completion with its text as it was meant, the probabilities of that part, and the tokens of all requests."""
    if text is not None and text != completion.text:
        completion = replace(completion, text=text, logprobs=_of_part(completion, text))
    return replace(
        completion,
        prompt_tokens=completion.prompt_tokens + sum(item.prompt_tokens for item in spent),
        completion_tokens=completion.completion_tokens + sum(item.completion_tokens for item in spent),
    )


def _of_part(completion: ChatCompletion, text: str) -> tuple[TokenLogprob, ...]:
    """The tokens that write the answer, and not the object around it; all where they cannot be told apart."""
    tokens = completion.logprobs
    at = "".join(token.token for token in tokens).rfind(text)
    if at < 0:
        return tokens
    part, position = [], 0
    for token in tokens:
        if position < at + len(text) and position + len(token.token) > at:
            part.append(token)
        position += len(token.token)
    return tuple(part)


def route_endpoint(
    client: Fireworks, name: str, endpoint: ModelEndpoint, form: RequestForm | None = None
) -> EndpointChat:
    """Have a client ask an endpoint for what is asked of its address.

    Args:
        form: as found out before.

    Raises:
        InputError: its key or its URL cannot be one.
    """
    key = endpoint_key(endpoint.key_variable)
    try:
        server = ChatServer(endpoint.url, key.get_secret_value() if key else None)
    except (ValueError, httpx.InvalidURL) as error:
        is_key = "API key" in str(error)
        message = "has a character that no key has" if is_key else "is no URL that can be asked"
        field = endpoint.key_variable if is_key else f"endpoints.{name}.url"
        raise input_error(message, kind="setting", field=field, advice="Correct it, and run again.") from None
    route = EndpointChat(name, endpoint, server, form)
    client.add_route(endpoint.address, route)
    return route
