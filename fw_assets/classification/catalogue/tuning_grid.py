"""Tuning grid of one model, epochs of a job, and waves of jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from fw_assets.classification.session import Epochs, Rank, Rate, Session
from fw_assets.classification.values import Frozen


class PublishedCell(Frozen):
    """One point of a grid as a catalogue publishes it; the general rule fills in what is null."""

    lora_rank: Rank
    learning_rate: Rate
    epochs: Epochs | None = None
    batch_size: int | None = Field(None, ge=1)


class Cell(Frozen):
    """The hyper-parameters of one fine-tuning job. `batch_size` (rows per step) null: the platform's own."""

    lora_rank: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    epochs: int = Field(ge=1)
    batch_size: int | None = Field(None, ge=1)

    @property
    def name(self) -> str:
        """Short and unique within a grid, e.g. `r8-lr1.5e-4-e2`."""
        batch = f"-b{self.batch_size}" if self.batch_size is not None else ""
        return f"r{self.lora_rank}-lr{rate_text(self.learning_rate)}-e{self.epochs}{batch}"


DEFAULT_GRID = (
    PublishedCell(lora_rank=8, learning_rate=1.5e-4),
    PublishedCell(lora_rank=16, learning_rate=1.0e-4),
    PublishedCell(lora_rank=32, learning_rate=5.0e-5),
)


def rate_text(rate: float) -> str:
    """A learning rate in the shortest scientific form, e.g. `1.5e-4`."""
    mantissa, exponent = f"{rate:.9e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def epochs_for(rows: int) -> int:
    """min(5, ceil(2500 / rows)), at least 1: about 2,500 examples seen, at most five times each."""
    return min(5, math.ceil(2500 / rows)) if rows > 0 else 5


def grid(
    session: Session, published: Sequence[PublishedCell] | None, rows: int, rank: int | None = None
) -> tuple[Cell, ...]:
    """The cells of one model's sweep, without repeats.

    Ranks and rates of the session win over the grid that the catalogue publishes, which wins over the
    default grid. With both given, every combination is a cell; with only ranks, each takes the rate of
    the nearest rank (in powers of two) of the underlying grid; with only rates, each is combined with
    every rank of it. `session.epochs` wins over published epochs, which win over `epochs_for(rows)`.

    Args:
        published: the catalogue entry's own grid.
        rows: of the training part. The sweep's jobs have as many epochs although they see fewer rows, so that the
            chosen cell is still right for the full data.
        rank: of the adapter that the jobs continue; every cell has it.
    """
    base = tuple(published) if published else DEFAULT_GRID
    points: list[PublishedCell]
    if session.lora_ranks is None and session.learning_rates is None:
        points = list(base)
    elif session.learning_rates is None:
        points = [_nearest(base, rank).model_copy(update={"lora_rank": rank}) for rank in session.lora_ranks or ()]
    else:
        ranks = session.lora_ranks or tuple(dict.fromkeys(point.lora_rank for point in base))
        points = [
            _nearest(base, rank).model_copy(update={"lora_rank": rank, "learning_rate": rate})
            for rank in ranks
            for rate in session.learning_rates
        ]
    default_epochs = epochs_for(rows)
    cells = [
        Cell(
            lora_rank=rank or point.lora_rank,
            learning_rate=point.learning_rate,
            epochs=session.epochs or point.epochs or default_epochs,
            batch_size=point.batch_size,
        )
        for point in points
    ]
    return tuple(dict.fromkeys(cells))


def waves(jobs: int, limit: int) -> tuple[int, ...]:
    """The number of jobs in each wave: as few waves as `limit` allows, the full ones first."""
    if jobs < 0 or limit < 1:
        raise ValueError(f"{jobs} jobs in waves of {limit}")
    full, rest = divmod(jobs, limit)
    return (limit,) * full + ((rest,) if rest else ())


def _nearest(points: Sequence[PublishedCell], rank: int) -> PublishedCell:
    return min(points, key=lambda point: abs(math.log2(point.lora_rank / rank)))
