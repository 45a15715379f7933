"""Fine-tuning of a language model by LoRA. Import `adapter_training`; the rest concerns it alone."""
