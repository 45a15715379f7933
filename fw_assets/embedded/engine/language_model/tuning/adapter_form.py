"""Form of an adapter: which layers it adapts, who reads the instructions, and how the label is read.

On a CPU the upper third of the layers is adapted, so that the states below are computed once, and the base model alone
reads the instructions, whose keys and values are then computed once too. On a GPU every layer is adapted, activations
are computed again in the backward pass, and the adapter reads everything, which is what other engines can serve. On a
CPU they can where `FW_PORTABLE_ADAPTERS` says so, or where a server is to serve them (`FW_INFERENCE_URL`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.training_spec import MIN_ROWS_TO_CHOOSE
from fw_assets.embedded.settings import ReadoutRule, embedded_settings

READOUTS: tuple[ReadoutRule, ...] = ("head", "generate")
_HEAD_PARAMETERS = 1_000_000_000
_MIN_LAYERS_TO_SPLIT = 3


@dataclass(frozen=True)
class AdapterForm:
    """Form of one adapter; by `validation` each readout is tried, and the better one kept.

    Attributes:
        recomputes: whether activations are computed again in place of being kept.
    """

    first_layer: int
    adapted_prefix: bool
    readout: ReadoutRule
    recomputes: bool = False


def default_form(
    model: LanguageModel,
    parameters: int,
    *,
    multi_label: bool,
    evaluated: int,
    readout: ReadoutRule = "validation",
    objects: bool = False,
) -> AdapterForm:
    """The form by readout, size and device.

    Below twenty evaluation rows there is too little to choose the readout by: a head below a billion parameters, above
    it the answer is generated, as it is where the adapter has to be portable. Sets of labels always have a head;
    objects of several fields are always generated.

    Raises:
        EngineError: sets of labels are to be generated, or objects read by a head.
    """
    settings = embedded_settings()
    portable = settings.adapters_are_portable
    if objects and readout == "head":
        raise EngineError("readout is head; answers that are objects of several fields are generated")
    if multi_label and readout == "generate":
        raise EngineError("readout is generate; answers with any number of labels are read by a head")
    if objects:
        readout = "generate"
    elif multi_label:
        readout = "head"
    elif readout == "validation" and portable:
        readout = "generate"
    elif readout == "validation" and evaluated < MIN_ROWS_TO_CHOOSE:
        readout = "head" if parameters < _HEAD_PARAMETERS else "generate"
    layers = model.pretrained.layer_count
    on_gpu = model.device != "cpu"
    whole = on_gpu or layers < _MIN_LAYERS_TO_SPLIT
    return AdapterForm(
        first_layer=0 if whole else layers - math.ceil(layers / 3),
        adapted_prefix=on_gpu or portable,
        readout=readout,
        recomputes=on_gpu,
    )
