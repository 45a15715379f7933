"""Registered datasets: the session as it was understood, and the content of the files."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen, digest
from fw_assets.pipeline.run_config import Driver


class SourceFile(Frozen):
    """One staged dataset file.

    Attributes:
        reference: as the user named it.
        path: where this machine reads it.
        sha256: of its bytes.
    """

    role: Literal["train", "eval"]
    reference: str
    path: str
    sha256: str
    size_bytes: int


class Registration(Frozen):
    """A registered dataset.

    Attributes:
        understood: what the instruction was taken to say.
        unused: clauses of the instruction that set no field.
        confirmed: clauses that a chat model read and a person confirmed.
    """

    name: str
    session: Session
    files: tuple[SourceFile, ...]
    understood: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    driver: Driver = "daemon"

    @property
    def inputs(self) -> str:
        """Digest of what the plan depends on: the session and the files' content, not where they are."""
        session = self.session.model_dump(mode="json", exclude={"dataset", "eval_dataset"})
        return digest([session, [(file.role, file.sha256) for file in self.files], self.unused])
