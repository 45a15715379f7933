"""One asset of one model in one dataset: what the assets of cells do before and after their own work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import dagster as dg
from pydantic import BaseModel

from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.plan.plan import Plan
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.input_digests import tuning_inputs
from fw_assets.pipeline.partitions import asset_name, dataset_and_model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.steps.renewed_plan import PlanPage, require_offer
from fw_assets.pipeline.steps.retries import retry_transient
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.metadata import summary
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.workspace import Workspace

T = TypeVar("T")
Value = TypeVar("Value", bound=BaseModel)


@dataclass(frozen=True)
class CellStep:
    """The materialization of a cell that is under way; its plan is approved."""

    context: dg.AssetExecutionContext
    workflow: WorkflowInstance
    platform: Platform
    account: PlanAccount
    slug: str

    @property
    def store(self) -> Workspace:
        return self.account.store

    @property
    def dataset(self) -> str:
        return self.account.dataset

    @property
    def plan(self) -> Plan:
        return self.account.plan

    @property
    def title(self) -> str:
        """Begins every summary and check result, which the UI shows without their partition."""
        return f"{self.dataset}, {self.slug}"

    def require(self, asset: str, kind: type[Value]) -> Value:
        """The value of another asset of this cell.

        Raises:
            FileNotFoundError: it is not materialized.
        """
        return self.store.require(asset, self.dataset, kind, self.slug)

    def call(self, work: Callable[[Fireworks], Awaitable[T]]) -> T:
        """Do what needs the platform; if a person terminates the run meanwhile, its log says what goes on there."""
        try:
            return self.platform.call(work)
        except Exception:
            raise
        except BaseException:
            self._warn_of_unpaid()
            raise

    async def require_offer(self, client: Fireworks, stage: Stage) -> PriceBook:
        """The prices of now, before a stage spends, as `renewed_plan.require_offer`."""
        title = f"{asset_name(self.context)} of {self.title}"
        to = PlanPage(self.context.instance, self.workflow)
        return await require_offer(client, to, self.platform, self.account, stage, title, self.slug)

    def made_meanwhile(self, kind: type[Value], *, inputs: str | None = None) -> Value | None:
        """The value of this cell, if another process made it while this one waited for its turn.

        Args:
            inputs: digest of what it is made from; that of the tuning phase if left out.
        """
        return made_meanwhile(kind, inputs or self.tuning_inputs)

    def paid_usd(self, stage: str, row: str | None = None) -> float:
        """US dollars paid in a stage of the estimate for this model; added to the cost that the run is tagged with.

        Args:
            row: of another way of asking it.
        """
        return tag_cost(self.context, self.account.paid_usd(f"{stage}/{row or self.slug}"))

    def materialize(
        self,
        value: BaseModel,
        sentence: str,
        checks: Sequence[dg.AssetCheckResult],
        metadata: Mapping[str, Any],
        *,
        inputs: str | None = None,
    ) -> dg.MaterializeResult:
        """Store the value of this cell and report it.

        Args:
            inputs: digest of what it was made from; that of the tuning phase if left out.
        """
        asset = asset_name(self.context)
        version = self.store.write(asset, self.dataset, value, inputs=inputs or self.tuning_inputs, model=self.slug)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(version),
            check_results=checks,
            metadata={"summary": summary(self.title, sentence), **metadata},
        )

    @property
    def tuning_inputs(self) -> str:
        """Digest of what a finalist's values are made from."""
        return tuning_inputs(self.plan.digest, self.account.mitigation)

    def _warn_of_unpaid(self) -> None:
        """Nothing on the platform is cancelled: what the ledger holds for the model and nobody has paid goes on."""
        held = [item.id for item in self.account.ledger().reservations if item.key.partition("/")[2] == self.slug]
        if held:
            self.context.log.warning(
                f"Stopped. On the platform this still runs or is up, as nothing is cancelled from here: "
                f"{', '.join(held)}. Its price stays held in the ledger; the next run of this step adopts it."
            )


@contextmanager
def cell_step(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> Iterator[CellStep]:
    """Open a cell under its approved plan; relay progress to the run's log, and retry transient errors of the block.

    Raises:
        dagster.Failure: the plan is not approved, or what the block raised.
    """
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        yield CellStep(context, workflow, host, approved_account(store, dataset), slug)
