"""Tools of the MCP server that label texts, within what it may still spend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from fw_assets.api.labelling import label_table, label_to_file
from fw_assets.commands.mcp.results import LabelledRow, Labels
from fw_assets.commands.mcp.spending import Spending
from fw_assets.commands.mcp.tools import Name
from fw_assets.pipeline.budget.prediction_account import prediction_ledger
from fw_assets.pipeline.errors.budget import PredictionAboveCeiling
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.values.prediction import LabelledFile
from fw_assets.workspace.workspace import Workspace

T = TypeVar("T")


class LabellingTools:
    """The tools that label texts, over one workspace and within one rule on money.

    Every method raises the errors of the function that it calls, each with a sentence that says what to do.
    """

    def __init__(self, root: str, spending: Spending) -> None:
        self._root = root
        self._spending = spending

    def predict(
        self,
        dataset: Name,
        texts: Annotated[list[str], Field(description="The texts to label; one is a list of one.", min_length=1)],
        system: Annotated[str | None, Field(description="System message before each; left out, the rows' own.")] = None,
        threshold: Annotated[
            float | None, Field(description="No label below this confidence; left out, the report's; 0: none.")
        ] = None,
        free: Annotated[bool, Field(description="Ask the free model of the report, which costs nothing.")] = False,
    ) -> Labels:
        """Labels of texts by the deployed winner of a dataset, or the base model that was kept. It is priced first."""
        options: dict[str, Any] = {"system": system, "threshold": threshold, "free": free}

        def ask(left: float) -> Labels:
            frame, result = label_table(
                Workspace(self._root), platform_from_environment(), dataset, texts, max_spend_usd=left, **options
            )
            rows = tuple(
                LabelledRow(**{key: row.get(key) for key in LabelledRow.model_fields}) for row in frame.to_dicts()
            )
            told = result.model_dump(include={"model", "threshold", "paid_usd", "notes"})
            return Labels(rows=rows, **told)

        return self._labelled(dataset, "these texts", None, ask)

    def predict_file(
        self,
        dataset: Name,
        file: Annotated[str, Field(description="A file of rows to label, of any form that a dataset can have.")],
        out: Annotated[str, Field(description="The file to write: .parquet, .csv, .tsv, .jsonl or .arrow.")],
        max_spend_usd: Annotated[float, Field(description="The most that it may cost in US dollars.", ge=0)],
        text_column: Annotated[str | None, Field(description="Column of the text; left out, found.")] = None,
        system: Annotated[str | None, Field(description="System message before each; left out, the rows' own.")] = None,
        threshold: Annotated[
            float | None, Field(description="No label below this confidence; left out, the report's; 0: none.")
        ] = None,
        free: Annotated[bool, Field(description="Ask the free model of the report, which costs nothing.")] = False,
    ) -> LabelledFile:
        """Label the rows of a file with the winner of a dataset, into another file. It is priced before it is asked."""
        options: dict[str, Any] = {"text_column": text_column, "system": system, "threshold": threshold, "free": free}

        def ask(left: float) -> LabelledFile:
            return label_to_file(
                Workspace(self._root),
                platform_from_environment(),
                dataset,
                file,
                Path(out),
                max_spend_usd=min(left, max_spend_usd),
                **options,
            )

        return self._labelled(dataset, file, max_spend_usd, ask)

    def _labelled(self, dataset: str, what: str, own_limit: float | None, ask: Callable[[float], T]) -> T:
        """What `ask` returns, given the US dollars that are left."""
        store = Workspace(self._root)
        registered_dataset(store, dataset)

        def spent() -> float:
            ledger = prediction_ledger(store, dataset)
            return ledger.spent + ledger.reserved

        with self._spending.labelling(spent) as left:
            try:
                return ask(left)
            except PredictionAboveCeiling as error:
                if own_limit is not None and own_limit <= left:
                    raise
                cost = "has no known price" if error.usd is None else f"may cost up to ${error.usd:,.4f}"
                raise self._spending.refusal(dataset, f"labelling {what} {cost}") from None
