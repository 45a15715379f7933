"""Causal language models: label probabilities, free answers, and fine-tuning by LoRA, on torch.

Import `model_folders` (which models there are), `scorers` and `tuning.adapter_training`; the last two where a language
model is loaded or trained, since they import torch. `pretrained` alone imports transformers. Nothing here ever met a
GPU: what is done for one is written after the documentation.
"""
