"""OpenAI-compatible servers of other makers, as far as their answers and refusals differ: real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Event, Thread
from typing import Any, ClassVar, Literal

Maker = Literal["openai", "vllm", "ollama", "plain", "choices", "deaf", "moved", "copies", "short"]
CONSTRAINTS = ("response_format", "structured_outputs")


class ChatServerDouble(ThreadingHTTPServer):
    """A server of one maker that gives a text its label in `gold`, else `billing`, and keeps what it was sent.

    `openai` knows no `structured_outputs` and refuses `max_tokens`; `vllm` takes `structured_outputs` alone; `ollama`
    ignores what it does not know, and every constraint; `plain` refuses each by a bare 400; `choices` follows
    `structured_outputs` and ignores `response_format`, of two requests with which one is answered when the other is
    there, and the other when `late` is set; `deaf` refuses all; `moved` redirects to another host; `copies` gives the
    answer of the last turn before, of an assistant, as models do that learn from examples; `short` is right, with the
    label or else its parent in `parents`, where the system message lists two labels, and gives the last of more.
    """

    daemon_threads = True

    def __init__(self, maker: Maker, key: str = "", gold: Mapping[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.maker, self.key, self.gold = maker, key, gold or {}
        self.parents: Mapping[str, str] = {}
        self.most_options = 0
        self.decided: Mapping[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.late = Event()
        self._pair = Barrier(2, timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        refusal = self._refusal(body)
        if refusal:
            return 400, {"error": {"message": refusal, "type": "invalid_request_error"}}
        label = text = self.gold.get(body["messages"][-1]["content"], "billing")
        if self.maker == "copies":
            before = [turn["content"] for turn in body["messages"] if turn["role"] == "assistant"]
            label = text = before[-1] if before else "billing"
        if self.maker == "short":
            listed = [line[2:] for line in body["messages"][0]["content"].splitlines() if line.startswith("- ")]
            right = label if label in listed else self.parents[label]
            label = text = right if len(listed) == 2 else listed[-1]
        if self.maker == "openai" and "response_format" in body:
            (key,) = body["response_format"]["json_schema"]["schema"]["properties"]
            text = json.dumps({key: text})
        if self.maker == "choices" and "structured_outputs" not in body:
            text = f"The label is {label}."
            if "response_format" in body and self._pair.wait():
                self.late.wait(timeout=30)
        message: dict[str, Any] = {"message": {"content": text}, "finish_reason": "stop"}
        if body.get("logprobs"):
            message["logprobs"] = {"content": [{"token": part, "logprob": -0.1} for part in _tokens(text, label)]}
        return 200, {
            "model": body["model"],
            "choices": [message],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3},
        }

    def decide(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A decision for the label in `decided` if it is an option, else for the first; none without `most_options`."""
        state, answers = body["state"], {}
        text = state if isinstance(state, str) else state[-1]["content"]
        for id, question in body["questions"].items():
            options = list(question["criteria"])
            if len(options) > self.most_options:
                return 400, {"error": {"message": f"at most {self.most_options} options are supported"}}
            label = known if (known := self.decided.get(text)) in options else options[0]
            rest = 0.3 / (len(options) - 1)
            chances = {option: 0.7 if option == label else rest for option in options}
            answers[id] = {"type": "choice", "choice": label, "probabilities": chances}
        return 200, {"model": body["model"], "answers": answers, "usage": {"input_tokens": 7, "output_tokens": 0}}

    def _refusal(self, body: dict[str, Any]) -> str:
        match self.maker:
            case "openai" if "max_tokens" in body:
                return "Unsupported parameter: 'max_tokens' is not supported; use 'max_completion_tokens' instead."
            case "openai" if "structured_outputs" in body:
                return "Unrecognized request argument supplied: structured_outputs"
            case "vllm" if "response_format" in body:
                return (
                    "[{'loc': ('body', 'response_format'), 'input': {'seed': 0, 'temperature': 0, 'logprobs': True}}]"
                )
            case "plain" if any(name in body for name in (*CONSTRAINTS, "logprobs")):
                return "bad request"
            case "deaf":
                return "no"
        return ""


def _tokens(text: str, label: str) -> list[str]:
    return [part for part in text.replace(label, f"|{label}|").split("|") if part]


class _Handler(BaseHTTPRequestHandler):
    server: ChatServerDouble
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.keys.append(self.headers["Authorization"])
        asks_decision = self.path == "/v1/systemone"
        status, content = (self.server.decide if asks_decision else self.server.answer)(body)
        if self.server.key and self.headers["Authorization"] != f"Bearer {self.server.key}":
            status, content = 401, {"error": {"message": f"Incorrect API key: {self.headers['Authorization']}"}}
        known = (asks_decision and self.server.most_options > 0) or self.path == "/v1/chat/completions"
        if not known or body["model"] != "small":
            status, content = 404, {"error": {"message": f"no model {body['model']} at {self.path}"}}
        data = json.dumps(content).encode()
        self.send_response(307 if self.server.maker == "moved" else status)
        if self.server.maker == "moved":
            self.send_header("Location", "http://localhost:9/v1/chat/completions")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def chat_server(maker: Maker, key: str = "", gold: Mapping[str, str] | None = None) -> Iterator[ChatServerDouble]:
    with ChatServerDouble(maker, key, gold) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
