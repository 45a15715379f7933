"""File to be labelled: what is wanted of it, and its rows as they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.prompting.label_probabilities import why_none
from fw_assets.classification.prompting.opening import Opening
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.classification.unlabelled.input_table import InputTable, read_input
from fw_assets.classification.unlabelled.output_table import check_ending
from fw_assets.pipeline.errors.answers import NoProbabilities
from fw_assets.pipeline.evaluation.online import MAX_ALTERNATIVES
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.sources import fetch, local_file, local_version
from fw_assets.workspace.file_faults import faults_of


@dataclass(frozen=True)
class LabelRequest:
    """A file to be labelled.

    Attributes:
        file: a path, a URL, or any other reference that a dataset can have.
        options: where the text is; left out, as the session says, or by the columns' names and values.
        system: the system message before the texts; None: that of most rows of the dataset.
        threshold: of the confidence; None: that of the report, if it has one; 0: none.
        free: ask the free model of the report, at no cost.
        cascade: ask a free model first, and the one that serves where that is not sure enough.
        max_spend_usd: the most that may be spent; None: the high figure of the quote.
    """

    file: str
    out: Path
    options: ReadingOptions = field(default_factory=ReadingOptions)
    system: str | None = None
    threshold: float | None = None
    free: bool = False
    cascade: bool = False
    probabilities: bool = False
    max_spend_usd: float | None = None

    def __post_init__(self) -> None:
        """Raises an InputError for a limit that limits nothing: no comparison with NaN is true."""
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise input_error(f"expected a number from 0 to 1 (found {self.threshold!r})", field="threshold")
        if self.max_spend_usd is not None and not (math.isfinite(self.max_spend_usd) and self.max_spend_usd >= 0):
            raise input_error(
                f"expected an amount in US dollars, 0 or more (found {self.max_spend_usd!r})", field="max_spend_usd"
            )


def check_names(wanted: LabelRequest) -> None:
    check_ending(wanted.out)
    if not is_remote(wanted.file) and local_file(wanted.file) == local_file(str(wanted.out)):
        raise input_error(
            f"{wanted.out} is the file that is labelled", kind="output", field="--out", advice="Name another file."
        )
    if not wanted.out.absolute().parent.is_dir():
        raise input_error(
            f"there is no folder {wanted.out.absolute().parent} to write into",
            kind="output",
            field="--out",
            advice="Make it, or name another file. Nothing was asked.",
        )


def check_probabilities(wanted: LabelRequest, prompt: Prompt, address: str) -> None:
    """Refuse probabilities that the model at `address` does not give.

    Raises:
        NoProbabilities: with the reason.
    """
    if wanted.probabilities and wanted.free:
        raise NoProbabilities("the free model", "it tells the most probable alone")
    if wanted.probabilities and (why := why_none(prompt, MAX_ALTERNATIVES)):
        raise NoProbabilities(address, why)


def local_copy(platform: Platform, reference: str, folder: Path) -> Path:
    if not is_remote(reference):
        return local_file(reference)
    target = folder / "fetched"
    target.mkdir()
    return fetch(platform, reference, target)


def read_file(
    source: Path, session: Session, opening: Opening, wanted: LabelRequest, folder: Path
) -> tuple[InputTable, str]:
    """The rows of a file, and the digest of the content that they were read from."""
    usual = ReadingOptions(
        text_column=session.text_column, text_template=session.text_template, label_column=session.label_column
    )

    def converse(text: str, system: str | None) -> list[dict[str, object]]:
        return opening.conversation(text, wanted.system if system is None else system)

    if not source.is_file():
        what = "is a folder; give one file of it" if source.is_dir() else "no such file"
        raise InputError([Problem(kind="missing-file", file=str(source), message=what)], advice="Nothing was asked.")
    version, sha256 = local_version(source), file_sha256(source)
    with faults_of(folder):
        table = read_input(source, wanted.options, usual, converse, folder)
    if local_version(source) != version:
        raise input_error(f"{source} was written to while it was read", kind="changed-file", advice="Run again.")
    return table, sha256
