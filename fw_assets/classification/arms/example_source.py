"""Source of the examples of a plan's few-shot arms."""

from __future__ import annotations

from pydantic import Field

from fw_assets.classification.values import Frozen


class ExampleSource(Frozen):
    """Training rows as examples, with the neighbours of every validation and test row among them.

    Attributes:
        digest: of the stored neighbours.
        method: by which texts are compared.
        why: the reason why that is no better method; empty where it is the best.
        fewer: by model and arm, the rows that have fewer examples because of the model's context.
    """

    digest: str
    method: str
    why: str = ""
    fewer: dict[str, int] = Field(default_factory=dict)


class ServedExamples(Frozen):
    """The examples of a model that serves.

    Attributes:
        number: of examples before each text.
        room: as in `few_shot.with_examples`.
    """

    source: ExampleSource
    number: int
    room: int | None
