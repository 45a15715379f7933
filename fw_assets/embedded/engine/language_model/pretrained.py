"""Pretrained causal language models: the one module that imports transformers, so that its changes meet one place."""

from __future__ import annotations

import copy
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import safe_open
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, DynamicCache
from transformers.utils import logging

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model.memory import is_out_of_memory
from fw_assets.embedded.engine.language_model.model_folders import weight_files
from fw_assets.embedded.settings import embedded_settings

logging.set_verbosity_error()
logging.disable_progress_bar()
if embedded_settings().omp_num_threads is None:
    # Several processes share the machine; threads that wait for each other cost ten times what they bring.
    torch.set_num_threads(1)

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_MOST_SAID = 200
_HERE = {"local_files_only": True, "trust_remote_code": False}
"""Nothing is fetched for a folder, and no code of a model is run."""


class Pretrained:
    """A causal language model and its tokenizer, loaded.

    Attributes:
        network: the whole model; its parameters take no gradient.
        decoder: the model below the vocabulary.
        config: of the decoder.
        window: tokens that sliding attention sees, if some layer has it.
    """

    def __init__(
        self,
        folder: Path,
        dtype: torch.dtype,
        device: str = "cpu",
        gguf_file: str | None = None,
        *,
        four_bit: bool = False,
    ) -> None:
        """Load the model.

        Args:
            four_bit: hold the linear layers in NF4, and multiply in `dtype` (Dettmers et al. 2023, QLoRA).

        Raises:
            WeightsError: transformers cannot load it.
        """
        here: dict[str, Any] = {**_HERE, "gguf_file": gguf_file}
        own: dict[str, Any] = {}
        try:
            if gguf_file is not None:
                config = AutoConfig.from_pretrained(str(folder), **here)
                config.head_dim = _key_length(folder / gguf_file) or config.head_dim
                own["config"] = config
            if four_bit:
                own["quantization_config"] = BitsAndBytesConfig(
                    load_in_4bit=True,
                    bnb_4bit_quant_type="nf4",
                    bnb_4bit_use_double_quant=True,
                    bnb_4bit_compute_dtype=dtype,
                )
                own["device_map"] = {"": device}
            self.tokenizer = AutoTokenizer.from_pretrained(str(folder), **here)
            # The bar of a GGUF file's conversion has no switch; other loads leave alone what threads beside them write.
            with nullcontext() if gguf_file is None else redirect_stderr(StringIO()):
                network = _load(folder, dtype, **here, **own)
        except WeightsError:
            raise
        except Exception as error:  # tokenizers raises nothing more exact
            if is_out_of_memory(error):
                raise
            raise _not_loaded(folder, error) from error
        self.network = (network if four_bit else network.to(device)).eval().requires_grad_(False)
        for module in self.network.modules() if four_bit else ():
            if hasattr(module, "support_avx512bf16_for_cpu"):
                # It would multiply in bfloat16, where an answer depends on what is asked with it.
                module.support_avx512bf16_for_cpu = False
        self.decoder = self.network.get_decoder()
        self.config = self.decoder.config
        parameters = inspect.signature(self.decoder.forward).parameters
        # The name changed in transformers 5; the older one is refused from 5.40 on.
        self._cache_name = "cache" if "cache" in parameters else "past_key_values"
        self._types: Sequence[str] = getattr(self.config, "layer_types", None) or ()
        has_window = not self._types or "sliding_attention" in self._types
        self.window: int | None = getattr(self.config, "sliding_window", None) if has_window else None
        self._takes_masks_by_type = bool(self._types) and self.window is not None

    def run(
        self,
        part: Any,
        inputs: Mapping[str, torch.Tensor],
        allowed: torch.Tensor,
        distance: torch.Tensor,
        positions: torch.Tensor,
        cache: DynamicCache | None,
    ) -> torch.Tensor:
        """The states after a part of the decoder, (rows, tokens, width).

        Args:
            inputs: `input_ids` or `inputs_embeds`.
            allowed: which token may see which, (rows, tokens, tokens of the cache and of the inputs).
            distance: how far behind each of the others is, same shape.
            positions: (rows, tokens).
            cache: keys and values of what comes before; those of the inputs are added.
        """
        dtype = self.network.dtype
        masks = {"full_attention": _bias(allowed, dtype)}
        if self.window is not None:
            masks["sliding_attention"] = _bias(allowed & (distance < self.window), dtype)
        mask: Any = masks if self._takes_masks_by_type else masks.get("sliding_attention", masks["full_attention"])
        states: torch.Tensor = part(
            **inputs,
            attention_mask=mask,
            position_ids=positions,
            **{self._cache_name: cache},
            use_cache=cache is not None,
        ).last_hidden_state
        return states

    def part(self, start: int, stop: int) -> Any:
        """The layers from `start` to before `stop` as a decoder of its own, on the same weights.

        It takes token ids, or the states below as `inputs_embeds`; the last layer brings the final norm with it.
        """
        part = copy.copy(self.decoder)
        part._modules = dict(self.decoder._modules)
        part.layers = torch.nn.ModuleList(list(self.decoder.layers)[start:stop])
        part.config = copy.copy(self.config)
        if self._types:
            part.config.layer_types = list(self._types)[start:stop]
        part.config.num_hidden_layers = stop - start
        if stop < self.layer_count:
            part.norm = torch.nn.Identity()
        return part

    @contextmanager
    def recomputed(self, again: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
        """Have the backward pass compute each layer again, whose activations are not kept (Chen et al. 2016).

        Args:
            again: called in the forward pass of each layer; the context in which that is done again.
        """
        for layer in self.decoder.layers:
            layer.forward = partial(
                checkpoint,
                layer.forward,
                use_reentrant=False,
                preserve_rng_state=False,
                context_fn=lambda: (nullcontext(), again()),
            )
        try:
            yield
        finally:
            for layer in self.decoder.layers:
                del layer.forward

    @property
    def layer_count(self) -> int:
        return len(self.decoder.layers)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """The logits of the next token over the whole vocabulary, in float32."""
        logits = self.network.get_output_embeddings()(states).float()
        cap = getattr(self.config, "final_logit_softcapping", None)
        return torch.tanh(logits / cap) * cap if cap else logits

    def token_logits(self, states: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """The logits of some tokens alone: states (..., width) and tokens (..., n) to (..., n), in float32."""
        head = self.network.get_output_embeddings()
        logits = torch.einsum("...d,...nd->...n", states.float(), head.weight[tokens].float())
        if getattr(head, "bias", None) is not None:
            logits = logits + head.bias[tokens].float()
        cap = getattr(self.config, "final_logit_softcapping", None)
        return torch.tanh(logits / cap) * cap if cap else logits

    def token_vectors(self, tokens: Sequence[int]) -> torch.Tensor:
        """The output embeddings of tokens, (tokens, width), in float32."""
        return self.network.get_output_embeddings().weight[list(tokens)].float()


def check_fit(folder: Path) -> Any:
    """The tokenizer of a folder, whose configuration, weights and tokenizer fit together.

    No weight is kept: the network is built without memory for them, and run for its shapes alone.

    Raises:
        WeightsError: they do not fit together, or some weight is no finite number.
    """
    tokenizer = load_tokenizer(folder)
    try:
        # What is left out here is not converted into another type either.
        network = _load(folder, torch.float32, device_map="meta", **_HERE)
        network(input_ids=torch.zeros((1, 2), dtype=torch.long, device="meta"))
    except WeightsError:
        raise
    except Exception as error:
        raise _not_loaded(folder, error) from error
    if not len(getattr(network.get_decoder(), "layers", [None])):
        raise WeightsError(f"{folder}: config.json asks for no layers: copy or download it again")
    known, tokens = int(network.get_input_embeddings().num_embeddings), tokenizer.get_vocab()
    if (last := max(tokens, key=lambda token: tokens[token], default=None)) is None:
        raise WeightsError(f"{folder}: its tokenizer has no tokens: copy or download it again")
    if tokens[last] >= known:
        raise WeightsError(
            f"{folder}: its tokenizer is of another model: it has token {tokens[last]:,} ({last!r}), and the weights "
            f"have tokens up to {known - 1:,}: copy or download tokenizer.json again"
        )
    for path in weight_files(folder):
        with safe_open(path, "pt") as weights:
            for name in sorted(weights.keys()):
                tensor = weights.get_tensor(name)
                if tensor.is_floating_point() and not bool(torch.isfinite(tensor.float()).all()):
                    raise WeightsError(
                        f"{path}: {name} has a value that is no finite number: copy or download it again"
                    )
    return tokenizer


def _load(folder: Path, dtype: torch.dtype, **options: Any) -> Any:
    """The network of a folder, all of whose weights were there.

    Raises:
        WeightsError: it lacks some, or has some of layers that config.json does not know.
    """
    network, loading = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=dtype,
        attn_implementation="sdpa",
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # They are told below.
        **options,
    )
    # Transformers would draw them at random.
    if mismatched := sorted(loading["mismatched_keys"]):
        name, there, asked = mismatched[0]
        raise WeightsError(
            f"{folder}: config.json and the weights are of different models: {name} has the shape {tuple(there)}, and "
            f"config.json asks for {tuple(asked)}; {len(mismatched)} such in all: copy or download it again"
        )
    if missing := sorted(loading["missing_keys"]):
        raise WeightsError(
            f"{folder}: {len(missing)} of the weights that config.json asks for are missing, such as {missing[0]}: "
            "copy or download it again"
        )
    # Other weights that are left over are of parts that answer no text, such as the reading of images.
    own = {_NUMBER.sub("#", name) for name, _ in network.named_parameters()}
    if beyond := sorted(name for name in loading["unexpected_keys"] if _NUMBER.sub("#", name) in own):
        raise WeightsError(
            f"{folder}: config.json asks for fewer layers than there are weights of, which would be left out, such as "
            f"{beyond[0]}: copy or download it again"
        )
    return network


def _not_loaded(folder: Path, error: Exception) -> WeightsError:
    said = f"no {error}" if isinstance(error, KeyError) else str(error)
    reason = textwrap.shorten(said, _MOST_SAID, placeholder=" ...")
    return WeightsError(f"{folder}: transformers {transformers.__version__} cannot load it: {reason}")


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, without the model.

    Raises:
        WeightsError: transformers cannot load it.
    """
    try:
        return AutoTokenizer.from_pretrained(str(folder), **_HERE)
    except Exception as error:  # tokenizers raises nothing more exact
        raise _not_loaded(folder, error) from error


def _key_length(gguf_file: Path) -> int | None:
    """The width of a head, which transformers does not read of every architecture."""
    import gguf

    fields = gguf.GGUFReader(gguf_file).fields
    return next((int(field.contents()) for key, field in fields.items() if key.endswith(".attention.key_length")), None)


def empty_cache() -> DynamicCache:
    """A cache whose layers keep every token, sliding or not: `Pretrained.run` is told what each may see."""
    return DynamicCache()


def for_rows(cache: DynamicCache, rows: int) -> DynamicCache:
    """The cache of one row as that of several, or that of several as another; their memory is shared, never written."""
    shared = copy.copy(cache)
    shared.layers = []
    for layer in cache.layers:
        twin = copy.copy(layer)
        if layer.keys.shape[0] != rows:
            twin.keys = layer.keys.expand(rows, -1, -1, -1)
            twin.values = layer.values.expand(rows, -1, -1, -1)
        shared.layers.append(twin)
    return shared


def joint_cache(pattern: DynamicCache, caches: Sequence[DynamicCache | None], length: int) -> DynamicCache:
    """The caches of one row each, or none, as one of so many tokens, filled up with zeros at the beginning."""
    joint = copy.copy(pattern)
    joint.layers = []
    for index, layer in enumerate(pattern.layers):
        twin = copy.copy(layer)
        own = [None if cache is None else cache.layers[index] for cache in caches]
        twin.keys = _aligned([None if one is None else one.keys for one in own], layer.keys, length)
        twin.values = _aligned([None if one is None else one.values for one in own], layer.values, length)
        joint.layers.append(twin)
    return joint


def _aligned(parts: Sequence[torch.Tensor | None], pattern: torch.Tensor, length: int) -> torch.Tensor:
    _, heads, _, width = pattern.shape
    joint = pattern.new_zeros((len(parts), heads, length, width))
    for row, part in enumerate(parts):
        if part is not None:
            joint[row, :, length - part.shape[2] :] = part[0]
    return joint


def _bias(allowed: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    bias = torch.zeros((allowed.shape[0], 1, *allowed.shape[1:]), dtype=dtype, device=allowed.device)
    return bias.masked_fill_(~allowed[:, None], torch.finfo(dtype).min)
