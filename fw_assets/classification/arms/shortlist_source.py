"""Source of the shortlists of a plan: what chooses each row's options where a server takes fewer than all labels."""

from __future__ import annotations

from fw_assets.classification.prompting.prompt import Shortlist
from fw_assets.classification.values import Frozen


class RowShortlist(Frozen):
    """The shortlists of one row of the comparison.

    Attributes:
        model: the id of the row.
        options: of each shortlist; labels: of the label set.
        found: validation rows whose label is in theirs, of `rows`.
    """

    model: str
    options: int
    labels: int
    found: int
    rows: int

    @property
    def sentence(self) -> str:
        """What plan and report say of it."""
        share = f"{100 * self.found / self.rows:.1f} %" if self.rows else "an unknown share"
        taken, of = f"{self.options:,}", f"{self.labels:,}"
        return (
            f"{self.model} takes {taken} of the {of} labels at once, which the training rows choose for each text by "
            f"sentence embeddings: the shortlist of {taken} holds the right label for {share} of the {self.rows:,} "
            "validation rows. A row whose label is not in it counts as wrong."
        )


class ShortlistSource(Frozen):
    """The nearest labels of every validation and test row, by sentence embeddings of the training rows.

    Attributes:
        digest: of what is stored.
        rows: those rows of the comparison that have shortlists.
    """

    digest: str
    rows: tuple[RowShortlist, ...]

    def of(self, model: str) -> Shortlist | None:
        """That of a row, by its id; None where it is asked among all labels."""
        options = next((row.options for row in self.rows if row.model == model), None)
        return None if options is None else Shortlist(options=options, digest=self.digest)
