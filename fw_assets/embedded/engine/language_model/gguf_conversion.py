"""Conversion of a GGUF file of the Llama architecture with byte-pair tokens into a Hugging Face folder, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from fw_assets.embedded.engine.errors import WeightsError

_WHOLE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_OF_LAYER = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL_TOKEN = 3


def convert(source: Path, folder: Path) -> None:
    """Write `config.json`, `model.safetensors` in bfloat16 and the tokenizer's files.

    Raises:
        WeightsError: the file is not GGUF, or of another architecture or tokenizer.
    """
    try:
        reader = gguf.GGUFReader(source)
    except (OSError, ValueError) as error:
        raise WeightsError(f"{source}: not a GGUF file: {error}") from error
    facts = {key: field.contents() for key, field in reader.fields.items()}
    kinds = (facts.get("general.architecture"), facts.get("tokenizer.ggml.model"))
    if kinds != ("llama", "gpt2"):
        raise WeightsError(f"{source}: architecture and tokenizer are {kinds}; only ('llama', 'gpt2') is converted")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    heads = {"attn_q": facts["llama.attention.head_count"], "attn_k": facts["llama.attention.head_count_kv"]}
    for tensor in reader.tensors:
        weights = torch.tensor(gguf.dequantize(tensor.data, tensor.tensor_type))
        weights = weights.reshape([int(size) for size in reversed(tensor.shape)])
        part = tensor.name.split(".")[-2]
        if part in heads:
            weights = _unpermuted(weights, heads[part])
        tensors[_name(tensor.name)] = weights.to(torch.bfloat16).contiguous()
    save_file(tensors, str(folder / "model.safetensors"), {"format": "pt"})
    config = _config(facts, tied="lm_head.weight" not in tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
    _write_tokenizer(facts, folder)


def _name(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{_OF_LAYER[part]}.weight"


def _unpermuted(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """Query or key weights, of which GGUF interleaves the two halves that rotate together."""
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _config(facts: Mapping[str, Any], *, tied: bool) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": facts["llama.embedding_length"],
        "intermediate_size": facts["llama.feed_forward_length"],
        "num_hidden_layers": facts["llama.block_count"],
        "num_attention_heads": facts["llama.attention.head_count"],
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "max_position_embeddings": facts["llama.context_length"],
        "rms_norm_eps": facts["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": facts["llama.rope.freq_base"],
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        "tie_word_embeddings": tied,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "dtype": "bfloat16",
    }


def _write_tokenizer(facts: Mapping[str, Any], folder: Path) -> None:
    tokens, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in facts["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = [pre_tokenizers.Digits(individual_digits=True)] if facts.get("tokenizer.ggml.pre") == "smollm" else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*digits, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    end = tokens[facts["tokenizer.ggml.eos_token_id"]]
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[facts["tokenizer.ggml.bos_token_id"]],
        "eos_token": end,
        "pad_token": end,
        "chat_template": facts["tokenizer.chat_template"],
        "model_max_length": facts["llama.context_length"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1), "utf-8")
