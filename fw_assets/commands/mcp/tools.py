"""Tools of the MCP server that plan, run and look, as plain functions: the Python API and what the commands read."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

from pydantic import Field

from fw_assets.api.planning import plan, workflow
from fw_assets.api.workflow import Workflow
from fw_assets.classification.errors import input_error
from fw_assets.classification.instruction.parser import suggest
from fw_assets.commands.catalog import model_entry
from fw_assets.commands.dataset_states import dataset_states
from fw_assets.commands.inspect import comparison_of
from fw_assets.commands.mcp.results import (
    ComparisonResult,
    Datasets,
    MeasuredModel,
    ModelEntry,
    Models,
    PlanResult,
    ReportResult,
    RunResult,
    States,
    UsdRange,
)
from fw_assets.commands.mcp.spending import Spending, advice
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.pipeline.platform.catalogue import priced_catalogue
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import parse_session, registered_dataset, resolve_registered
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.workspace.workspace import Workspace

AGENT = "agent"
"""Who has approved, where an agent has."""
Name = Annotated[str, Field(description="Name of a dataset of the workspace, as `status` lists it.")]


class Tools:
    """The tools over one workspace, within one rule on money.

    Every method raises the errors of the function that it calls, each with a sentence that says what to do.
    """

    def __init__(self, root: str, spending: Spending, make_pool: PoolFactory | None = None) -> None:
        self._root = root
        self._spending = spending
        self._make_pool = make_pool

    def plan(
        self,
        dataset: Annotated[
            str,
            Field(
                description="A file, folder or URL of rows with labels (CSV, JSONL, parquet, ...), a dataset of the "
                "platform, or the name of a dataset that is registered already."
            ),
        ],
        models: Annotated[list[str] | None, Field(description="Candidates, as `models` lists them.")] = None,
        name: Annotated[str | None, Field(description="Name of the dataset; left out, made from the file's.")] = None,
        instruction: Annotated[str | None, Field(description="What is wanted, in plain English.")] = None,
        session: Annotated[
            dict[str, Any] | None,
            Field(description="Further fields of a session by name, such as mode, label_column or max_spend_usd."),
        ] = None,
    ) -> PlanResult:
        """Inspect a dataset and plan its workflow: rows, labels, candidates, price. Nothing is spent or started."""
        fields = {**(session or {}), **({"models": models} if models else {})}
        if instruction:
            fields["instruction"] = instruction
        self._require_no_self_approval({**fields, "dataset": dataset})
        return self._planned(plan(dataset, name=name, workspace=self._root, make_pool=self._make_pool, **fields))

    def status(
        self, dataset: Annotated[str | None, Field(description="A dataset's name; left out, all.")] = None
    ) -> States:
        """Where datasets stand: what runs, what waits for a person and why, and the winners of finished ones."""
        return States(datasets=tuple(dataset_states(self._root, dataset)))

    def datasets(self) -> Datasets:
        """List the datasets of the workspace, and those that lie on the platform."""
        names: list[str] = []
        error = ""
        try:
            names = [item.name for item in platform_from_environment().call(lambda client: client.datasets())]
        except FireworksError as refused:
            error = str(refused)
        return Datasets(workspace=tuple(dataset_states(self._root)), platform=tuple(names), platform_error=error)

    def models(self) -> Models:
        """List the models of the platform, with their prices in US dollars and whether they can be fine-tuned."""
        catalogue, book = priced_catalogue(platform_from_environment())
        return Models(
            models=tuple(
                ModelEntry(
                    model=model.slug,
                    name=model.name,
                    parameters=model.parameter_count,
                    context=model.context_length,
                    tunable=model.tunable,
                    asked_by=model.strategy,
                    refused=model.refusal(tunable=False, inference=None),
                    prices={price["item"]: price["usd"] for price in model_entry(model, book)["prices"]},
                )
                for model in catalogue
            )
        )

    def report(
        self,
        dataset: Name,
        markdown: Annotated[bool, Field(description="Also return the whole report as Markdown; it is long.")] = False,
    ) -> ReportResult:
        """The report of a finished dataset: the answer in sentences, the gate's decision, and every model's figures."""
        return self._report(self._workflow(dataset), markdown=markdown)

    def compare(
        self,
        first: Annotated[str, Field(description="DATASET (its winner), DATASET/MODEL or DATASET/MODEL:KIND")],
        second: Annotated[str, Field(description="The same; KIND is base, tuned or baseline.")],
    ) -> ComparisonResult:
        """Compare two evaluated models on the test rows that both have answered."""
        pair = comparison_of(Workspace(self._root), first, second)
        found = pair.comparison
        return ComparisonResult(
            answer=pair.answer,
            verdict=found.verdict,
            first=pair.first[0],
            second=pair.second[0],
            rows=found.rows,
            first_accuracy=pair.first[1].accuracy.value,
            second_accuracy=pair.second[1].accuracy.value,
            difference=(found.difference.value, found.difference.low, found.difference.high),
            p_value=found.p_value,
            gained=found.gained,
            lost=found.lost,
        )

    def approve(
        self,
        dataset: Name,
        digest: Annotated[str, Field(description="Digest of the plan that you have read; the answer is to no other.")],
        note: Annotated[str, Field(description="Why, for whoever reads the trail of answers.", min_length=1)],
    ) -> PlanResult:
        """Approve a plan within the ceiling that the person has set who started this server. `run` then carries on."""
        work = self._workflow(dataset)
        shown = work.plan
        if shown.value.unused:
            parts = "; ".join(f"{clause!r}: {suggest(clause)}" for clause in shown.value.unused)
            raise NotApproved(f"not understood in the instruction: {parts}. {advice(dataset)}")
        if digest != shown.digest:
            raise input_error(
                f"the plan of {dataset} is {shown.digest}, not {digest}: read that one", field="digest", kind="digest"
            )
        with self._spending.plan(shown.value, digest, again=True):
            trail = f"{note} (fw-assets mcp, started by {getpass.getuser()} with ${self._spending.ceiling or 0:,.2f})"
            work.approve(digest=digest, by=AGENT, note=trail)
        return self._planned(work)

    def run(self, dataset: Name) -> RunResult:
        """The report, after every phase that is due.

        Raises:
            NotApproved: nobody has approved the plan, or it costs more than the rule allows.
        """
        work = self._workflow(dataset)
        with self._spending.plan(work.plan.value, work.plan.digest, again=False):
            pass
        try:
            work.run()
        except NotApproved:
            by_agent = "" if self._spending.ceiling is None else f"Call `approve` with digest {work.plan.digest}. "
            raise NotApproved(f"{dataset}: {work.note}. {by_agent}{advice(dataset)}") from None
        return RunResult(dataset=dataset, state=work.state, note=work.note, report=self._report(work))

    def _workflow(self, dataset: str) -> Workflow:
        return workflow(dataset, workspace=self._root, make_pool=self._make_pool)

    def _planned(self, work: Workflow) -> PlanResult:
        value, store = work.plan.value, Workspace(self._root)
        low, expected, high = work.plan.usd
        return PlanResult(
            dataset=work.name,
            digest=work.plan.digest,
            state=work.state,
            note=work.note,
            usd=UsdRange(low=low, expected=expected, high=high),
            approvable_usd=value.ceiling_usd(),
            unknown_prices=value.estimate.unknown,
            rows=dict(value.rows),
            labels={item.label: item.total for item in value.label_set.counts},
            models=tuple(model.slug for model in value.models),
            warnings=value.warnings,
            understood=value.understood,
            not_understood=value.unused,
            file=str(store.local(work.name, "plan.md")) if store.is_local else store.url(work.name, "plan.md"),
        )

    def _report(self, work: Workflow, *, markdown: bool = False) -> ReportResult:
        report = work.report
        return ReportResult(
            dataset=work.name,
            status=report.status,
            answer=report.answer,
            winner=report.winner,
            decision=report.decision,
            models=tuple(MeasuredModel(**row) for row in report.models.to_dicts()),
            file=report.html,
            markdown=Workspace(self._root).read_text(work.name, "final_report.md") if markdown else None,
        )

    def _require_no_self_approval(self, fields: dict[str, Any]) -> None:
        """Refuse a session by which a plan would approve itself, unless a person has registered it so."""
        store = Workspace(self._root)
        resolved, registered, readings = resolve_registered(store, fields)
        asked = parse_session(platform_from_environment(), resolved, readings).session.auto_approve_up_to_usd
        known = registered_dataset(store, registered).session.auto_approve_up_to_usd if registered else None
        if asked is not None and asked != known:
            raise input_error("is for a person to set, not for an agent", field="auto_approve_up_to_usd")
