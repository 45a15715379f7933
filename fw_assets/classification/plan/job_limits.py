"""Limits of fine-tuning jobs that depend on the data and the models, so that what is approved can be started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.cost.training_lines import CURVE_SHARES
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.labels.imbalance import Imbalance
from fw_assets.classification.session import MAX_JOB_ROWS, MIN_JOB_ROWS, Session

MORE_ROWS = "give more rows, or a larger share"


def check_jobs(
    session: Session,
    catalogue: Sequence[CatalogueModel],
    models: Sequence[PlannedModel],
    rows: Mapping[str, int],
    sweep_rows: int,
    imbalance: Imbalance,
) -> None:
    """Refuse what a platform would refuse after the approval, under each mitigation that an approval can choose.

    Args:
        rows: rows of each part before any mitigation.
        sweep_rows: rows that the sweep samples.

    Raises:
        InputError: a model does not take a rank, or jobs have too few or too many rows; each names its field.
    """
    if not any(model.cells for model in models):
        return
    tuned = [entry for entry, model in zip(catalogue, models, strict=True) if model.cells]
    problems = [*_rank_problems(session, tuned), *_size_problems(session, models, rows, sweep_rows, imbalance)]
    if problems:
        raise InputError(problems, advice="Nothing was started. Correct the session and plan again.")


def _rank_problems(session: Session, catalogue: Sequence[CatalogueModel]) -> Iterator[Problem]:
    for model in catalogue:
        refused = sorted(set(session.lora_ranks or ()) - set(model.lora_ranks))
        if refused and model.lora_ranks:
            allowed = ", ".join(map(str, model.lora_ranks))
            yield _problem("lora_ranks", f"{model.slug} takes {allowed}, not {', '.join(map(str, refused))}")


def _size_problems(
    session: Session, models: Sequence[PlannedModel], rows: Mapping[str, int], sweep_rows: int, imbalance: Imbalance
) -> Iterator[Problem]:
    train = [rows["train"], *(effect.rows_after for effect in imbalance.mitigations)]
    epochs = max(cell.epochs for model in models for cell in model.cells)
    if max(train) * epochs > MAX_JOB_ROWS:
        yield _problem(
            "epochs",
            f"{max(train):,} training rows x {epochs:,} epochs are over {MAX_JOB_ROWS:,}, the most of one job; "
            f"set epochs to at most {MAX_JOB_ROWS // max(train):,}, or take fewer rows"
            if max(train) <= MAX_JOB_ROWS
            else f"{max(train):,} training rows are over {MAX_JOB_ROWS:,}, the most of one job; take fewer rows",
        )
    if min(train) < MIN_JOB_ROWS:
        yield _problem("train_fraction", _too_few("training rows", min(train), MORE_ROWS))
    if rows["validation"] < MIN_JOB_ROWS:
        yield _problem("validation_fraction", _too_few("validation rows", rows["validation"], MORE_ROWS))
    # The sample holds a row of every label before others have a second one, and a mitigation may drop labels.
    dropped = max((len(effect.dropped) for effect in imbalance.mitigations), default=0)
    if sweep_rows < min(MIN_JOB_ROWS + dropped, rows["train"]):
        yield _problem("sweep_rows", f"{sweep_rows} are too few where {dropped} labels may be dropped from them")
    smallest = max(1, round(min(train) * min(CURVE_SHARES)))
    if session.learning_curve and smallest < MIN_JOB_ROWS:
        yield _problem("learning_curve", _too_few(f"rows at {min(CURVE_SHARES):.0%}", smallest, "leave it out"))


def _too_few(what: str, rows: int, advice: str) -> str:
    return f"{what}: {rows}, and a job needs at least {MIN_JOB_ROWS}; {advice}"


def _problem(field: str, message: str) -> Problem:
    return Problem(kind="session", field=field, message=message)
