"""The inference server as models are asked of it: base models under their names there, adapters loaded at need."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.engine.registry import SMOLLM2, BaseModel
from fw_assets.embedded.errors import RpcError, precondition
from fw_assets.embedded.inference_server.adapter_copies import adapter_name, path_at_server
from fw_assets.embedded.inference_server.connection import BUSY, Call, Connection, Reply
from fw_assets.embedded.inference_server.request_manner import Manner
from fw_assets.embedded.inference_server.server_settings import ServerSettings

log = logging.getLogger("fw_assets.embedded")

LOAD_PATHS = {"/v1/load_lora_adapter": "{name}", "/load_lora_adapter": "{base}:{name}"}
"""Where adapters are loaded, and under which name they are asked: vLLM's way, and SGLang's."""
_NOT_BUSY = tuple(status for status in BUSY if status != 500)
"""A server says by 500 that an adapter does not fit it."""
_MODELS = "/v1/models"
_NO_LORA = (
    "takes no adapters: start it so that it does (vLLM: `VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve ... "
    "--enable-lora --max-lora-rank 64`), or unset FW_INFERENCE_URL to have them answered here"
)


@dataclass(frozen=True)
class ServedModel:
    """A model at the server: a base model, or with `folder` an adapter over it."""

    base: BaseModel
    folder: Path | None = None


class InferenceServer:
    """One server, as this process knows it.

    Attributes:
        manner: in which it is asked; found out by asking.
        tells_prompts: whether it tells the probabilities of a prompt's tokens; None until it was asked.
    """

    def __init__(self, settings: ServerSettings, connection: Connection) -> None:
        self.settings, self.connection = settings, connection
        self.manner = Manner()
        self.tells_prompts: bool | None = None
        self._names: dict[ServedModel, str] = {}
        self._lock = threading.Lock()

    def name_of(self, model: ServedModel) -> str:
        """What to ask the server for, once it has the model.

        Raises:
            RpcError: FAILED_PRECONDITION where it has not, and cannot be given it; of the connection.
        """
        with self._lock:  # held while an adapter is loaded, so that it is loaded once
            name = self._names.get(model)
            if name is None:
                base = self._base_name(model.base)
                name = self._names[model] = base if model.folder is None else self._load(model.folder, base)
            return name

    def forget(self, model: ServedModel, name: str) -> None:
        """That the server has a model under a name: it has said that it has not."""
        with self._lock:
            if self._names.get(model) == name:
                del self._names[model]

    def unload(self, folder: Path) -> None:
        """Have the server forget the adapter of a folder; a server that does not answer is let be."""
        name = adapter_name(folder)
        for path in LOAD_PATHS:
            try:
                reply = self.connection.send(Call(path.replace("load", "unload"), {"lora_name": name}))
            except RpcError as error:
                log.warning("%s stays loaded: %s", name, error.message)
                return
            if reply.status not in (404, 405):
                return

    def refusal(self, reply: Reply) -> RpcError:
        """A refusal of the server as one of this platform."""
        where = f"the inference server at {self.settings.url} (FW_INFERENCE_URL)"
        if reply.status in (401, 403):
            key = "refuses the key in FW_INFERENCE_KEY" if self.settings.key else "asks for a key: set FW_INFERENCE_KEY"
            return precondition(f"{where} {key} ({reply.status}: {reply.message})")
        if 300 <= reply.status < 400:
            return precondition(f"{where} redirects elsewhere ({reply.status}): set the address that answers itself")
        return precondition(f"{where} refuses the request ({reply.status}): {reply.message}")

    def _base_name(self, base: BaseModel) -> str:
        said = self.settings.name_of(base.id)
        if said is not None:
            return said
        reply = self.connection.send(Call(_MODELS))
        if not reply.ok:
            raise self.refusal(reply)
        listed = reply.content.get("data") if isinstance(reply.content, dict) else None
        entries = [entry for entry in listed or () if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
        known = _known_as(base)
        for entry in entries:
            if known & {entry["id"], str(entry.get("root"))}:
                name: str = entry["id"]
                return name
        there = ", ".join(entry["id"] for entry in entries if not entry.get("parent")) or "none"
        raise precondition(
            f"the inference server at {self.settings.url} (FW_INFERENCE_URL) lists no model that is {base.id} (it has: "
            f"{there}); if it is one of them, set FW_INFERENCE_MODEL={base.id}=NAME_THERE"
        )

    def _load(self, folder: Path, base: str) -> str:
        name, path = adapter_name(folder), path_at_server(folder, self.settings)
        where = f"the inference server at {self.settings.url} (FW_INFERENCE_URL)"
        for load_path, form in LOAD_PATHS.items():
            reply = self.connection.send(Call(load_path, {"lora_name": name, "lora_path": path}, _NOT_BUSY))
            if reply.ok or "already" in reply.message.lower():
                return form.format(name=name, base=base)
            if reply.status in (401, 403):
                raise self.refusal(reply)
            if reply.status in (404, 405) and path not in reply.message and name not in reply.message:
                continue  # no such call
            if reply.status == 404 or "no adapter found" in reply.message.lower():
                raise precondition(
                    f"{where} finds no adapter in {path}: set FW_INFERENCE_ADAPTERS to a folder that both see "
                    f"({reply.message})"
                )
            raise precondition(
                f"{where} does not load the adapter {name}: {reply.message} (vLLM has to be started with "
                "`--enable-lora --max-lora-rank 64`)"
            )
        raise precondition(f"{where} {_NO_LORA}")


def _known_as(base: BaseModel) -> set[str]:
    """What a server may call a base model: its name here, the source that it was added from, its folder."""
    names = {base.id}
    model = base.language_model
    if model is not None:
        names |= {model.source, model.source.partition("@")[0], str(model.folder)}
    if base.id == SMOLLM2:
        names.add("HuggingFaceTB/SmolLM2-135M-Instruct")
    return names
