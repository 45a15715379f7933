"""Registered datasets: the session as it was understood, and the content of the files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fw_assets.classification.dataset_url import identity, without_credentials, without_url_credentials
from fw_assets.classification.session import REFERENCES, Session
from fw_assets.classification.values import Frozen, digest
from fw_assets.pipeline.run_config import Driver

Role = Literal["train", "eval", "out-of-scope"]


class SourceFile(Frozen):
    """One staged dataset file.

    Attributes:
        reference: as the user named it, without credentials.
        path: where this machine reads it.
        sha256: of its bytes.
    """

    role: Role
    reference: str
    path: str
    sha256: str
    size_bytes: int

    @field_validator("reference")
    @classmethod
    def _without_credentials(cls, reference: str) -> str:
        return identity(reference)


class Registration(Frozen):
    """A registered dataset.

    Attributes:
        session: without the credentials in the URLs of its datasets, as everything but `references`.
        references: the dataset references that hold credentials, as they were given; by session field. They are
            stored here alone, in a file that only its owner can read.
        understood: what the instruction was taken to say.
        unused: clauses of the instruction that set no field.
        confirmed: clauses that a chat model read and a person confirmed.
        answered: session fields by which a person at a terminal decided between readings of the data; they hold until
            the field is given.
    """

    name: str
    session: Session
    files: tuple[SourceFile, ...]
    understood: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    driver: Driver = "daemon"
    references: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _keep_credentials_apart(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Registrations of earlier versions have the credentials everywhere."""
        session = data.get("session")
        given = session.model_dump(exclude_unset=True) if isinstance(session, Session) else dict(session or {})
        named = {name: given[name] for name in REFERENCES if isinstance(given.get(name), str)}
        whole = {name: text for name, text in named.items() if without_credentials(text) != text}
        shown = {name: without_credentials(text) for name, text in named.items()}
        if isinstance(given.get("instruction"), str):
            shown["instruction"] = without_url_credentials(given["instruction"])
        texts: dict[str, Any] = {
            name: tuple(map(without_url_credentials, data[name]))
            for name in ("understood", "unused", "confirmed")
            if name in data
        }
        references = {**whole, **data.get("references", {})}
        return {**data, **texts, "session": {**given, **shown}, "references": references}

    def session_fields(self) -> dict[str, Any]:
        """The session's fields that were given, to register the dataset again."""
        return {**self.session.model_dump(mode="json", exclude_unset=True), **self.references}

    @property
    def dataset_files(self) -> tuple[SourceFile, ...]:
        """The files whose rows have labels."""
        return tuple(file for file in self.files if file.role != "out-of-scope")

    @property
    def out_of_scope_file(self) -> SourceFile | None:
        """The file whose rows belong to no label."""
        return next((file for file in self.files if file.role == "out-of-scope"), None)

    @property
    def inputs(self) -> str:
        """Digest of what the plan depends on: the session and the files' content, not where they are."""
        session = self.session.digested(set(REFERENCES))
        return digest([session, [(file.role, file.sha256) for file in self.files], self.unused])
