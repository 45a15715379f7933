from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra llm is not installed")
gguf = pytest.importorskip("gguf", reason="the extra llm is not installed")
transformers = pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model.gguf_conversion import convert
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder


def write_gguf(folder: Path, path: Path) -> Any:
    """A llama of transformers as llama.cpp would write it: half rotated weights interleaved, sizes reversed."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    merges = [" ".join(pair) for pair in json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if index < 5 else 1 for index in range(len(tokens))])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(tokenizer.chat_template)
    names = {"embed_tokens": "token_embd", "model.norm": "output_norm"}
    parts = {
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    }
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for name, weight in model.named_parameters():
        array = weight.detach().to(torch.bfloat16).float().numpy()
        if ".layers." in name:
            layer, _, part = name.removeprefix("model.layers.").removesuffix(".weight").partition(".")
            short = parts[part]
            if short in heads:
                rows, columns = array.shape
                array = array.reshape(heads[short], 2, rows // heads[short] // 2, columns).swapaxes(1, 2)
                array = array.reshape(rows, columns)
            target = f"blk.{layer}.{short}.weight"
        else:
            target = next(new for old, new in names.items() if old in name) + ".weight"
        writer.add_tensor(target, np.ascontiguousarray(array, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def test_the_folder_answers_as_the_network_that_the_file_was_made_of(tmp_path: Path) -> None:
    original = write_gguf(make_folder("llama", tmp_path / "original"), tmp_path / "weights.gguf")
    convert(tmp_path / "weights.gguf", tmp_path / "made")
    made = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "made", dtype=torch.float32)
    rounded = {name: weight.to(torch.bfloat16).float() for name, weight in original.state_dict().items()}
    original.load_state_dict(rounded)
    ids = torch.tensor([[5, 9, 17, 40, 3, 77]])
    with torch.no_grad():
        assert (made(ids).logits - original(ids).logits).abs().max() < 1e-4
    one, other = (transformers.AutoTokenizer.from_pretrained(tmp_path / name) for name in ("original", "made"))
    for text in ("where is my card", "<|im_start|>user\nrefund 2026<|im_end|>", "Ünïcode \U0001f600"):
        assert one(text)["input_ids"] == other(text)["input_ids"]
    assert one.chat_template == other.chat_template


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.gguf").write_bytes(b"not a model at all, not a model at all")
    with pytest.raises(WeightsError, match="not a GGUF file"):
        convert(tmp_path / "weights.gguf", tmp_path / "made")
