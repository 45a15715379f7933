"""Inference servers as far as their wire differs: real sockets, vLLM's adapters, and probabilities of labels."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, ClassVar, Literal

Maker = Literal["vllm", "vllm-0.11", "sglang", "llama.cpp", "ollama", "strict", "deaf"]
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
CONSTRAINT = {
    "vllm": "structured_outputs",
    "vllm-0.11": "guided_choice",
    "sglang": "regex",
    "llama.cpp": "grammar",
    "ollama": "response_format",
    "strict": "response_format",
}

Weigh = Callable[[str, str, Sequence[str]], Mapping[str, float]]
"""From the model's name, the last message and the choices to the weight of each choice."""


def first_is_likeliest(model: str, text: str, choices: Sequence[str]) -> dict[str, float]:
    """The choice that the text names, else the first."""
    named = [choice for choice in choices if choice in text]
    return {choice: 6.0 if choice in named[:1] else 1.0 for choice in choices}


class InferenceServerDouble(ThreadingHTTPServer):
    """A server of one maker, with one base model and, where its maker has them, adapters that lie in folders.

    `strict` refuses every field that OpenAI has not; `deaf` ignores all choices; the others ignore what they do not
    know. All refuse the fields `refused`.
    """

    daemon_threads = True

    def __init__(self, maker: Maker, base: str = "tiny", key: str = "", weigh: Weigh = first_is_likeliest) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.maker, self.base, self.key, self.weigh = maker, base, key, weigh
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str | None] = []
        self.adapters: dict[str, str] = {}
        self.trouble: list[tuple[int, dict[str, str]]] = []
        self.has_lora = True
        self.refused: set[str] = set()
        self.written = ""
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests."""
        return [body for path, body in self.requests if path.endswith("/chat/completions")]

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/v1/models":
            cards = [{"id": self.base, "object": "model", "root": f"/models/{self.base}"}]
            return 200, {"data": [*cards, *({"id": name, "parent": self.base} for name in self.adapters)]}
        prefix = {"sglang": "", "vllm": "/v1", "vllm-0.11": "/v1"}.get(self.maker)
        if self.has_lora and prefix is not None and path == f"{prefix}/load_lora_adapter":
            return self._load(body["lora_name"], body["lora_path"])
        if self.has_lora and prefix is not None and path == f"{prefix}/unload_lora_adapter":
            known = self.adapters.pop(body["lora_name"], None)
            return (200, "Success") if known else (404, _error("cannot be found"))
        if path == "/v1/chat/completions":
            return self._chat(body)
        return 404, {"detail": "Not Found"}

    def _load(self, name: str, path: str) -> tuple[int, Any]:
        if name in self.adapters:
            return 400, _error(f"The lora adapter '{name}' has already been loaded.")
        if not all((Path(path) / file).is_file() for file in ADAPTER_FILES):
            return 404, _error(f"Loading lora {name} failed: No adapter found for {path}")
        rank = json.loads((Path(path) / ADAPTER_FILES[0]).read_bytes())["r"]
        if rank > 16:
            return 500, _error(f"LoRA rank {rank} is greater than max_lora_rank 16.")
        self.adapters[name] = path
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def _chat(self, body: dict[str, Any]) -> tuple[int, Any]:
        names = {f"{self.base}:{name}" if self.maker == "sglang" else name for name in self.adapters}
        if body["model"] not in {self.base, *names}:
            return 404, _error(f"The model `{body['model']}` does not exist.")
        unknown = {"chat_template_kwargs", "structured_outputs", "guided_choice", "regex", "grammar"} & body.keys()
        unknown = (unknown if self.maker == "strict" else set()) | (self.refused & body.keys())
        if unknown:
            return 400, _error(f"Unrecognized request argument supplied: {min(unknown)}")
        text = body["messages"][-1]["content"]
        if len(text) > 5000:
            return 400, _error("This model's maximum context length is 512 tokens.")
        choices = _choices(body, CONSTRAINT.get(self.maker, ""))
        steps: list[tuple[str, dict[str, float]]]
        if choices is None and "response_format" in body and self.written:
            answer = self.written
            steps = [(part, {part: -0.1}) for part in re.findall(r"\w+|\W", answer)]
        elif choices is None:
            answer = f"{body['model']} says {text}"
            steps = [(answer, {})]
        else:
            weights = self.weigh(body["model"], text, choices)
            answer, steps = written(weights)
        if "response_format" in body and choices is not None:
            before, after = '{"label": "', '"}'
            answer, steps = f"{before}{answer}{after}", [(before, {}), *steps[:-1], (after, {})]
        message: dict[str, Any] = {"message": {"content": answer}, "finish_reason": "stop"}
        if body.get("logprobs"):
            count = body.get("top_logprobs", 0)
            message["logprobs"] = {"content": [_step(token, top, count) for token, top in steps]}
        return 200, {"model": body["model"], "choices": [message], "usage": {}}


def _choices(body: Mapping[str, Any], constraint: str) -> list[str] | None:
    given = body.get(constraint)
    if not given:
        return None
    match constraint:
        case "structured_outputs":
            return list(given["choice"]) if "choice" in given else None
        case "guided_choice":
            return list(given)
        case "regex":
            return [re.sub(r"\\(.)", r"\1", part) for part in given[1:-1].split("|")]
        case "grammar":
            return [json.loads(part) for part in given.removeprefix("root ::= ").split(" | ")]
    return list(given["json_schema"]["schema"]["properties"]["label"]["enum"])


def written(weights: Mapping[str, float]) -> tuple[str, list[tuple[str, dict[str, float]]]]:
    """The likeliest choice in tokens of three characters, each with the probabilities of those in its place."""
    answer = max(weights, key=lambda choice: weights[choice])
    said, steps = "", []
    while said != f"{answer}\0":
        alive = {choice: weight for choice, weight in weights.items() if f"{choice}\0".startswith(said)}
        top: dict[str, float] = {}
        for choice, weight in alive.items():
            token = f"{choice}\0"[len(said) : len(said) + 3]
            token = token if token == "\0" else token.rstrip("\0")
            token = "<|im_end|>" if token == "\0" else token
            top[token] = top.get(token, 0.0) + weight
        token = f"{answer}\0"[len(said) : len(said) + 3]
        token = token if token == "\0" else token.rstrip("\0")
        whole = sum(top.values())
        shown = "<|im_end|>" if token == "\0" else token
        # Half of the probability is that of what is no choice.
        steps.append((shown, {name: math.log(weight / whole / 2) for name, weight in top.items()}))
        said += token
    return answer, steps


def _step(token: str, top: Mapping[str, float], count: int) -> dict[str, Any]:
    best = sorted(top.items(), key=lambda item: -item[1])[:count]
    return {
        "token": token,
        "logprob": top.get(token, 0.0),
        "top_logprobs": [{"token": name, "logprob": value} for name, value in best],
    }


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "BadRequestError"}}


class _Handler(BaseHTTPRequestHandler):
    server: InferenceServerDouble
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _reply(self, body: dict[str, Any]) -> None:
        server = self.server
        headers: dict[str, str] = {}
        with server.lock:
            server.requests.append((self.path, body))
            server.keys.append(self.headers["Authorization"])
            if server.trouble and self.path.endswith("completions"):
                status, headers = server.trouble.pop(0)
                content: Any = _error("busy")
            elif server.key and self.headers["Authorization"] != f"Bearer {server.key}":
                status, content = 401, _error(f"Incorrect API key provided: {self.headers['Authorization']}")
            else:
                status, content = server.answer(self.path, body)
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def inference_server(
    maker: Maker = "vllm", base: str = "tiny", key: str = "", weigh: Weigh = first_is_likeliest
) -> Iterator[InferenceServerDouble]:
    with InferenceServerDouble(maker, base, key, weigh) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
