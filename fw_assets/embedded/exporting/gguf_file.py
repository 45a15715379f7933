"""A Hugging Face folder as one GGUF file in float16 or float32, which llama.cpp and Ollama load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file

from fw_assets.embedded.engine.errors import EngineError

ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""GGUF's name of the architectures that are written, by `model_type`."""
_CONTROL, _USER_DEFINED, _NORMAL, _UNUSED = 3, 4, 1, 5
_ADVICE = "export it with --format merged, and convert that with llama.cpp's convert_hf_to_gguf.py"


def write_gguf(source: Path, target: Path, *, exact: bool = False) -> None:
    """Write weights, tokenizer and chat template of a folder with byte-pair tokens.

    Args:
        exact: matrices in float32, not in float16.

    Raises:
        EngineError: an architecture, a tokenizer or a scaling of positions that is not written.
    """
    config = json.loads((source / "config.json").read_bytes())
    kind = ARCHITECTURES.get(config.get("model_type", ""))
    if kind is None:
        raise EngineError(f"GGUF files of {config.get('model_type')} are not written here; {_ADVICE}")
    if _has_window(config):
        raise EngineError(f"GGUF files of models with sliding attention are not written here; {_ADVICE}")
    if not (source / "tokenizer.json").is_file():
        raise EngineError(f"GGUF files of models without a tokenizer.json are not written here; {_ADVICE}")
    if config.get("eos_token_id") is None:
        raise EngineError(f"GGUF files of models without a token that ends a text are not written here; {_ADVICE}")
    tokenizer = json.loads((source / "tokenizer.json").read_bytes())
    writer = gguf.GGUFWriter(target, kind)
    _add_sizes(writer, config)
    _add_tokenizer(writer, config, tokenizer, source)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32 if exact else gguf.LlamaFileType.MOSTLY_F16)
    _add_tensors(writer, config, kind, source, np.float32 if exact else np.float16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _has_window(config: dict[str, Any]) -> bool:
    """Whether some layer does not see every token of the context; of the Qwens the window stands there unused."""
    if config.get("layer_types"):
        return "sliding_attention" in config["layer_types"]
    window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
    return window is not None and window < config["max_position_embeddings"]


def _add_sizes(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise EngineError(f"GGUF files with scaled positions are not written here; {_ADVICE}")
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(rope.get("rope_theta") or config.get("rope_theta") or 10000.0)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])


def _add_tokenizer(writer: gguf.GGUFWriter, config: dict[str, Any], tokenizer: dict[str, Any], source: Path) -> None:
    model = tokenizer["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise EngineError(f"GGUF files with other than byte-level byte-pair tokens are not written here; {_ADVICE}")
    tokens = {index: token for token, index in model["vocab"].items()}
    added = {item["id"]: item for item in tokenizer.get("added_tokens", [])}
    names, kinds = [], []
    for index in range(config["vocab_size"]):
        item = added.get(index)
        names.append(item["content"] if item else tokens.get(index, f"[PAD{index}]"))
        special = _CONTROL if item and item.get("special") else _USER_DEFINED
        kinds.append(special if item else _NORMAL if index in tokens else _UNUSED)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer(config, tokenizer))
    writer.add_token_list(names)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    end = config.get("eos_token_id")
    writer.add_eos_token_id(end[0] if isinstance(end, list) else end)
    if config.get("bos_token_id") is not None:
        writer.add_bos_token_id(config["bos_token_id"])
    writer.add_add_bos_token(False)  # a chat template writes it where the model wants it
    template = _chat_template(source)
    if template:
        writer.add_chat_template(template)


def _pre_tokenizer(config: dict[str, Any], tokenizer: dict[str, Any]) -> str:
    """llama.cpp's name of how text is parted before byte pairs are merged.

    Raises:
        EngineError: it has no name that is known here.
    """
    pre = tokenizer.get("pre_tokenizer") or {}
    parts = pre.get("pretokenizers", [pre])
    kinds = [part.get("type") for part in parts]
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits"):
        return "smollm"
    patterns = [part.get("pattern", {}).get("Regex", "") for part in parts if part.get("type") == "Split"]
    if config["model_type"].startswith("qwen") and any(r"\p{N}|" in pattern for pattern in patterns):
        return "qwen2"
    if any(r"\p{N}{1,3}" in pattern for pattern in patterns):
        return "llama-bpe"
    raise EngineError(f"GGUF files with this tokenizer are not written here; {_ADVICE}")


def _chat_template(source: Path) -> str | None:
    if (source / "chat_template.jinja").is_file():
        return (source / "chat_template.jinja").read_text("utf-8")
    path = source / "tokenizer_config.json"
    template = json.loads(path.read_bytes()).get("chat_template") if path.is_file() else None
    return template if isinstance(template, str) else None


def _add_tensors(
    writer: gguf.GGUFWriter, config: dict[str, Any], kind: str, source: Path, dtype: type[np.floating[Any]]
) -> None:
    architecture = next(code for code, name in gguf.MODEL_ARCH_NAMES.items() if name == kind)
    names = gguf.get_tensor_name_map(architecture, config["num_hidden_layers"])
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config.get("num_key_value_heads")}
    for path in sorted(source.glob("*.safetensors")):
        if path.name.startswith("head"):
            continue
        for name, tensor in load_file(path).items():
            target = names.get_name(name, try_suffixes=(".weight", ".bias"))
            if target is None:
                raise EngineError(f"{path.name}: {name} has no place in a GGUF file of {kind}; {_ADVICE}")
            part = name.split(".")[-2]
            values = tensor.float().numpy()
            if kind == "llama" and heads.get(part):
                values = _permuted(values, int(heads[part] or 0))
            # Vectors, such as norms and biases, stay in float32, as llama.cpp wants them.
            writer.add_tensor(target, values.astype(dtype) if values.ndim > 1 else values)


def _permuted(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Query or key weights with the halves that rotate together interleaved, which GGUF wants of the Llamas."""
    shape = weights.shape
    halves = weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(shape))
