"""Facts of an exported model."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen

ExportFormat = Literal["adapter", "merged", "gguf", "onnx"]


class ExportedWinner(Frozen):
    """What was exported.

    Attributes:
        name: of the model on its platform.
        source: where others find the base model's weights, an id of a hub (`OWNER/NAME@REVISION`) or a package; empty
            for a folder.
        licence: of these weights, empty where none is known.
        digest: SHA-256 over names and contents of a language model's files, empty for others.
        kind: `language-model`, `encoders`, `record`, or `hosted` for a model of the service.
        readout: how a language model's label is read, `head` or `generate`; empty for others.
        portable: whether other programs read its prompts as its platform does.
        replayed: rows of the evaluation to which it gave the same answers; 0 for a model of the service, whose base
            model is not here.
    """

    name: str
    format: ExportFormat
    base_model: str
    source: str
    kind: str
    licence: str = ""
    digest: str = ""
    readout: str = ""
    portable: bool = True
    replayed: int = 0
    dataset: str = ""
    deployed: bool = False
    out: str = ""
    files: tuple[str, ...] = ()
