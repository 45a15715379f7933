"""A server that speaks vLLM's wire over a random language model, with adapters loaded by peft: an oracle of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


class TinyModelServer(ThreadingHTTPServer):
    """The model of one folder; `calls` are the paths that were asked."""

    daemon_threads = True

    def __init__(self, folder: Path, *, tells_prompts: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self.base = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()
        self.peft: Any = None
        self.names: set[str] = set()
        self.tells_prompts = tells_prompts
        self.calls: list[str] = []
        self.lock = Lock()
        self.end = self.tokenizer.convert_tokens_to_ids("<|im_end|>")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.calls.append(path)
        if path == "/v1/models":
            return 200, {"data": [{"id": "served-tiny", "root": "/elsewhere"}]}
        if path == "/v1/load_lora_adapter":
            name = body["lora_name"].replace(".", "_")
            if self.peft is None:
                self.peft = PeftModel.from_pretrained(self.base, body["lora_path"], adapter_name=name)
            else:
                self.peft.load_adapter(body["lora_path"], adapter_name=name)
            self.peft.eval()
            self.names.add(name)
            return 200, "Success"
        if body["model"] not in {"served-tiny", *self.names}:
            return 404, {"error": {"message": f"The model `{body['model']}` does not exist."}}
        if path == "/v1/completions":
            prompts = body["prompt"] if isinstance(body["prompt"][0], list) else [body["prompt"]]
        else:
            prompts = [
                self.tokenizer.apply_chat_template(
                    body["messages"], add_generation_prompt=True, return_dict=False, **body["chat_template_kwargs"]
                )
            ]
        choices = [self._complete(index, prompt, body) for index, prompt in enumerate(prompts)]
        return 200, {"choices": choices}

    def _scores(self, model: str, tokens: Sequence[int]) -> torch.Tensor:
        ids = torch.tensor([list(tokens)])
        with torch.no_grad():
            if self.peft is None:
                return self.base(ids).logits[0].double().log_softmax(-1)
            if model == "served-tiny":
                with self.peft.disable_adapter():
                    return self.peft(ids).logits[0].double().log_softmax(-1)
            self.peft.set_adapter(model)
            return self.peft(ids).logits[0].double().log_softmax(-1)

    def _complete(self, index: int, prompt: list[int], body: dict[str, Any]) -> dict[str, Any]:
        texts = (body.get("structured_outputs") or {}).get("choice")
        ways = None if texts is None else [[*self._ids(text), self.end] for text in texts]
        written: list[int] = []
        tokens, values, tops = [], [], []
        for _ in range(body["max_tokens"]):
            last = self._scores(body["model"], [*prompt, *written])[-1]
            token = int(last.argmax())
            if ways is not None:
                alive = {
                    way[len(written)] for way in ways if way[: len(written)] == written and len(way) > len(written)
                }
                token = max(alive, key=lambda t: float(last[t]))
            best = last.topk(20)
            tokens.append(self.tokenizer.decode([token]))
            values.append(float(last[token]))
            tops.append({self.tokenizer.decode([int(i)]): float(v) for v, i in zip(*best, strict=True)})
            if token == self.end or token in body.get("stop_token_ids", []):
                break
            written.append(token)
        choice: dict[str, Any] = {"index": index, "finish_reason": "stop" if token == self.end else "length"}
        text = self.tokenizer.decode(written)
        if "messages" in body:
            items = zip(tokens, values, tops, strict=True)
            content = [
                {"token": t, "logprob": v, "top_logprobs": [{"token": k, "logprob": p} for k, p in top.items()]}
                for t, v, top in items
            ]
            return choice | {"message": {"content": text}, "logprobs": {"content": content}}
        if body.get("prompt_logprobs") is not None and self.tells_prompts:
            scores = self._scores(body["model"], prompt)
            steps = [{str(t): {"logprob": float(scores[at][t])}} for at, t in enumerate(prompt[1:])]
            choice["prompt_logprobs"] = [None, *steps]
        return choice | {
            "text": text,
            "logprobs": {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops},
        }

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


class _Handler(BaseHTTPRequestHandler):
    server: TinyModelServer

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _reply(self, body: dict[str, Any]) -> None:
        with self.server.lock:
            status, content = self.server.answer(self.path, body)
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def tiny_model_server(folder: Path, *, tells_prompts: bool = True) -> Iterator[TinyModelServer]:
    with TinyModelServer(folder, tells_prompts=tells_prompts) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
