"""Prompt of the model that serves a dataset: the one that it was evaluated with, whatever is planned since."""

from __future__ import annotations

from fw_assets.classification.model_endpoint import CHAT_PATH, ModelEndpoint
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.opening import Opening, opening_of
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.input_digests import delivery_inputs
from fw_assets.pipeline.values.asked_prompt import asked_prompt
from fw_assets.pipeline.values.delivery import DeploymentRecord, FinalistsRecord
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.workspace import Workspace


def served_prompt(store: Workspace, dataset: str, record: DeploymentRecord) -> Prompt:
    """The prompt of what `record` serves.

    A record of an earlier version has none; it goes by the dataset's while its plan is still the one it was made by.

    Raises:
        PhaseError: an earlier version made the record, and the dataset has been planned anew since.
    """
    if record.prompt is not None:
        return record.prompt
    plan = store.require("plan", dataset, Plan)
    finalists, head = store.read("finalists", dataset, FinalistsRecord), store.header("deployment", dataset)
    slugs = finalists.slugs if finalists else ()
    if head is None or head.inputs != delivery_inputs(store, dataset, plan.digest, slugs):
        raise PhaseError(
            f"{dataset} has a new plan, and what it serves was chosen by an earlier version of fw-assets, which kept "
            f"no copy of its prompt: finish the new plan ({to_approve(store, dataset)})"
        )
    return asked_prompt(store, dataset, *record.serves)


def served_opening(store: Workspace, dataset: str, record: DeploymentRecord) -> Opening:
    """The opening of the rows that `record` was evaluated on; where an earlier version made it, of today's rows."""
    return record.opening or tested_opening(store, dataset)


def request_url(prompt: Prompt, server: ModelEndpoint | None, platform_url: str) -> str:
    """The URL that requests of the prompt go to: of the server, or of the platform where there is none."""
    base = server.url if server else f"{platform_url}/inference/v1"
    return f"{base}/systemone" if prompt.mode == "decision" else f"{base}{CHAT_PATH}"


def tested_opening(store: Workspace, dataset: str) -> Opening:
    """The opening of a dataset's test rows."""
    return opening_of(messages for batch in part_batches(store, dataset, "test") for messages in batch["messages"])
