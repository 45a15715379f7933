"""Form of an adapter: which layers it adapts, who reads the instructions, and how the label is read.

On a CPU the upper third of the layers is adapted, so that the states below are computed once, and the base model alone
reads the instructions, whose keys and values are then computed once too. On a GPU every layer is adapted, and the
adapter reads everything, which is what other engines can serve. On a CPU they can where `FW_PORTABLE_ADAPTERS` says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.settings import embedded_settings

Readout = Literal["head", "generate"]

_HEAD_PARAMETERS = 1_000_000_000
_MIN_LAYERS_TO_SPLIT = 3


@dataclass(frozen=True)
class AdapterForm:
    first_layer: int
    adapted_prefix: bool
    readout: Readout


def default_form(model: LanguageModel, parameters: int, *, multi_label: bool) -> AdapterForm:
    """A head below a billion parameters and for sets of labels; above, and where it has to be portable, generation."""
    portable = embedded_settings().fw_portable_adapters
    layers = model.pretrained.layer_count
    on_gpu = model.device != "cpu"
    whole = on_gpu or layers < _MIN_LAYERS_TO_SPLIT
    return AdapterForm(
        first_layer=0 if whole else layers - math.ceil(layers / 3),
        adapted_prefix=on_gpu or portable,
        readout="head" if multi_label or (parameters < _HEAD_PARAMETERS and not portable) else "generate",
    )
