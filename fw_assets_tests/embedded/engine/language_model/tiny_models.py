"""Random language models, as Hugging Face folders, with a tokenizer of their own.

They have half a million parameters, since those of two million (`LARGER`) cost twice the time: one of each architecture
is trained, asked, compared with peft and exported in `tuning/test_larger_models.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma3", "mistral")

LARGER: dict[str, Any] = {
    "hidden_size": 192,
    "intermediate_size": 384,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
}
"""Changes that make a model of two million parameters."""

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
ALTERNATING = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('no turn of it') }}{% endif %}"
    "{% if message.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<|im_start|>{{ message.role }}\n{{ message.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TEXTS = (
    "where is my card it has not arrived in the mail yet",
    "i want my money returned please refund what i paid",
    "good morning to you hello there how are you today",
    "billing technical account sales card arrival greeting refund system user assistant label answer with exactly one",
)


def make_folder(
    architecture: str, folder: Path, template: str | None = CHATML, layers: int = 6, **changes: Any
) -> Path:
    """The folder of a random model: weights of seed 0; `changes` are fields of its configuration."""
    import torch
    import transformers

    tokenizer = _tokenizer(template)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 96,
        "intermediate_size": 256,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.1,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
        "tie_word_embeddings": True,
        **changes,
    }
    config = {
        "llama": lambda: transformers.LlamaConfig(**sizes),
        "qwen2": lambda: transformers.Qwen2Config(**sizes),
        "qwen3": lambda: transformers.Qwen3Config(**sizes, head_dim=24),
        "gemma3": lambda: transformers.Gemma3TextConfig(
            **sizes, head_dim=24, sliding_window=16, layer_types=["sliding_attention", "full_attention"] * (layers // 2)
        ),
        "mistral": lambda: transformers.MistralConfig(
            **sizes | {"tie_word_embeddings": False}, head_dim=24, sliding_window=16
        ),
    }[architecture]()
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n", "utf-8")
    return folder


def conversation(text: str, system: str = "Answer with one label: refund, card arrival, greeting.") -> str:
    return json.dumps([["system", system], ["user", text]])


def _tokenizer(template: str | None) -> Any:
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    special = ["<unk>", "<bos>", "<eos>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXTS, trainer)
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<bos>", eos_token="<eos>", pad_token="<eos>"
    )
    wrapped.chat_template = template
    return wrapped
